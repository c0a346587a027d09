namespace QatKit.Training.Tests.Trainer;

/// <summary>Tests that need torch's process-wide random generator or tensor count for themselves.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TorchRandomCollection
{
    public const string Name = "torch random";
}
