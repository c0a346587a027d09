using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;

namespace QatKit.Export;

/// <summary>Writes a graph as a model folder (docs/artifact-format.md).</summary>
/// <remarks>The folder is written aside, read back and compared bit for bit, and only then renamed: there is a whole, checked
/// artifact or the older one, never half of one, and nothing else is left behind.</remarks>
public static class ArtifactWriter
{
    /// <summary>Writes an artifact, replacing an older artifact of the same path. What else lies in that folder is carried over.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="details">Labels, limits, provenance and evaluation.</param>
    /// <param name="vocabularyPath">Vocabulary file to copy, or null for a model without one.</param>
    /// <param name="directory">The folder to make.</param>
    /// <param name="cancellation">Checked until the folder is renamed.</param>
    /// <returns>The artifact as it was read back.</returns>
    /// <exception cref="QatKitException">QK4008 cannot be written, QK4030 the target is something else than an artifact, QK4031 details or
    /// vocabulary do not fit the model, QK4032 the disk gave back something else, QK4033 the artifact is written but the older one cannot be
    /// cleared away, and those of <see cref="QuantizedGraphValidator"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the older artifact is as it was.</exception>
    public static ModelArtifact Write(
        QuantizedGraph graph, ArtifactDetails details, string? vocabularyPath, string directory, CancellationToken cancellation = default) =>
        Write(graph, details, vocabularyPath, directory, CreateFile, cancellation);

    /// <summary>As above, with the files opened by <paramref name="create"/>, so that a test can make the disk fail.</summary>
    internal static ModelArtifact Write(
        QuantizedGraph graph, ArtifactDetails details, string? vocabularyPath, string directory, Func<string, Stream> create, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(details);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        QuantizedGraphValidator.Check(graph);
        var vocabulary = ExportChecks.Run(graph, details, vocabularyPath, directory);
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        var aside = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(aside);
            WriteFiles(aside, ArtifactContent.Files(graph, details, vocabulary), create, cancellation);
            var written = ArtifactReader.Read(aside);
            GraphComparison.RequireEqual(graph, written.Graph);
            cancellation.ThrowIfCancellationRequested();
            FolderSwap.Replace(aside, target);
            return written.MovedTo(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new QatKitException("QK4008", directory, $"the artifact cannot be written: {e.Message} Check the folder's rights and the free space.", e);
        }
        finally
        {
            if (Directory.Exists(aside)) Directory.Delete(aside, recursive: true);
        }
    }

    private static void WriteFiles(
        string folder, IEnumerable<(string Name, Action<Stream> Write)> files, Func<string, Stream> create, CancellationToken cancellation)
    {
        var sums = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, write) in files)
        {
            cancellation.ThrowIfCancellationRequested();
            using var stream = new HashingStream(create(Path.Combine(folder, name)));
            write(stream);
            sums.Add(name, stream.Finish());
        }

        using var last = new HashingStream(create(Path.Combine(folder, ArtifactFiles.Checksums)));
        last.Write(System.Text.Encoding.UTF8.GetBytes(Checksums.Format(sums)));
        last.Finish();
    }

    private static FileStream CreateFile(string path) => new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
}
