using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Files;
using QatKit.Core.Graph;

namespace QatKit.Export.Onnx;

/// <summary>What other tools want to find beside an ONNX model: <c>config.json</c>, <c>vocab.txt</c>, <c>tokenizer_config.json</c>.</summary>
public sealed class OnnxCompanions
{
    private readonly List<(string Name, byte[] Content)> _files = [];
    private readonly string? _artifactFolder;

    /// <summary>Makes the files of a model.</summary>
    /// <param name="architecture">Sizes.</param>
    /// <param name="labels">Name of each class, by id.</param>
    /// <param name="lowerCase">Whether text is lower-cased.</param>
    /// <param name="maxSequenceLength">Longest sequence in tokens.</param>
    /// <param name="vocabularyPath">The vocabulary, or null for a model without one: it gets no tokenizer files.</param>
    /// <exception cref="QatKitException">QK4001: the vocabulary cannot be read.</exception>
    public OnnxCompanions(BertArchitecture architecture, IReadOnlyList<string> labels, bool lowerCase, int maxSequenceLength, string? vocabularyPath)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(labels);
        _files.Add((ArtifactFiles.Config, Bytes(stream => ConfigWriter.Write(stream, architecture, labels))));
        if (vocabularyPath is null) return;
        _files.Add((ArtifactFiles.Vocabulary, ReadVocabulary(vocabularyPath)));
        _files.Add((TokenizerConfigWriter.FileName, Bytes(stream => TokenizerConfigWriter.Write(stream, lowerCase, maxSequenceLength))));
    }

    private OnnxCompanions(ModelArtifact artifact)
        : this(artifact.Graph.Architecture, artifact.Manifest.Details.Labels, artifact.Manifest.Details.LowerCase, artifact.Manifest.Details.MaxSequenceLength, artifact.VocabularyPath) =>
        _artifactFolder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(artifact.Directory));

    /// <summary>The files of an artifact's model.</summary>
    /// <exception cref="QatKitException">QK4001: the vocabulary cannot be read.</exception>
    public static OnnxCompanions Of(ModelArtifact artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        return new OnnxCompanions(artifact);
    }

    /// <summary>True for a name that a file of a model's folder has, so that no ONNX file may have it.</summary>
    internal static bool Takes(string name) => ArtifactFiles.Names.Append(TokenizerConfigWriter.FileName).Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Refuses a folder in which other files of these names lie.</summary>
    /// <exception cref="QatKitException">QK4302: every such file; QK4001: one of them cannot be read.</exception>
    internal void CheckTarget(string folder)
    {
        var problems = new DiagnosticBag();
        foreach (var (name, content) in Missing(folder))
        {
            var path = Path.Combine(folder, name);
            if (Directory.Exists(path) || (File.Exists(path) && !Same(path, content)))
                problems.Add("QK4302", path, "another model's file is here, and it is not replaced. Choose another folder for the ONNX file, or remove this one.");
        }

        problems.ThrowIfAny();
    }

    internal void Write(string folder)
    {
        foreach (var (name, content) in Missing(folder)) AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(content));
    }

    // The artifact's own folder has its own config.json and vocabulary, which its checksums cover.
    private IEnumerable<(string Name, byte[] Content)> Missing(string folder) =>
        IsArtifactFolder(folder) ? _files.Where(f => f.Name == TokenizerConfigWriter.FileName) : _files;

    private bool IsArtifactFolder(string folder) =>
        string.Equals(folder, _artifactFolder, OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);

    private static bool Same(string path, byte[] content)
    {
        try
        {
            return new FileInfo(path).Length == content.Length && File.ReadAllBytes(path).AsSpan().SequenceEqual(content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new QatKitException("QK4001", path, $"the file cannot be read: {e.Message}", e);
        }
    }

    private static byte[] ReadVocabulary(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new QatKitException("QK4001", path, $"the vocabulary cannot be read: {e.Message}", e);
        }
    }

    private static byte[] Bytes(Action<Stream> write)
    {
        using var stream = new MemoryStream();
        write(stream);
        return stream.ToArray();
    }
}
