namespace QatKit.TestKit;

/// <summary>Real data sets and models beside the checkout: <c>../shared</c>, or the folder named by QATKIT_SHARED.</summary>
public static class SharedData
{
    /// <summary>The folder, which need not exist.</summary>
    public static string Folder { get; } =
        Environment.GetEnvironmentVariable("QATKIT_SHARED") is { Length: > 0 } given
            ? given
            : Path.GetFullPath(Path.Combine(RepositoryRoot.Folder, "..", "shared"));

    /// <summary>Full path of a file or folder there; the test is skipped, with the reason, where it is absent.</summary>
    /// <param name="relativePath">For example <c>data/glue/SST-2/dev.tsv</c>.</param>
    public static string Require(string relativePath)
    {
        var path = Path.Combine(Folder, relativePath);
        if (!Path.Exists(path))
            Assert.Skip($"{relativePath} is not in ../shared beside the checkout (set QATKIT_SHARED to the folder that has it).");
        return path;
    }
}
