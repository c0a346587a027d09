namespace QatKit.Cli.Tests;

/// <summary>Tests that change the current folder of the process, and so run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class CurrentFolderCollection
{
    public const string Name = "current folder";
}
