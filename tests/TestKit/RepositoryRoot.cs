namespace QatKit.TestKit;

/// <summary>Finds files of this repository from a running test.</summary>
public static class RepositoryRoot
{
    /// <summary>The folder that holds QatKit.sln.</summary>
    public static string Folder { get; } = Find();

    /// <summary>Full path of a file or folder given relative to the root.</summary>
    public static string Combine(params ReadOnlySpan<string> parts) => Path.Combine([Folder, .. parts]);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "QatKit.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException($"QatKit.sln is not above {AppContext.BaseDirectory}.");
    }
}
