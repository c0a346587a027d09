namespace QatKit.Parity.Tests;

/// <summary>Tests with torch tensors, one after another: torch counts the live tensors of the whole process.</summary>
[CollectionDefinition(Name)]
public sealed class TorchCollection
{
    public const string Name = "torch tensors";
}
