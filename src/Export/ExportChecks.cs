using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;

namespace QatKit.Export;

/// <summary>Checks made before the first byte is written.</summary>
internal static class ExportChecks
{
    /// <summary>Checks details, vocabulary and target; the vocabulary's bytes, or null without one.</summary>
    /// <exception cref="QatKitException">QK4001 unreadable vocabulary, QK4030 bad target, QK4031 details or vocabulary that do not fit.</exception>
    public static byte[]? Run(QuantizedGraph graph, ArtifactDetails details, string? vocabularyPath, string directory)
    {
        var problems = new DiagnosticBag();
        foreach (var problem in ManifestValidator.Details(details, graph.Architecture)) problems.Add("QK4031", directory, problem);
        CheckTarget(directory, problems);
        var vocabulary = vocabularyPath is null ? null : ReadVocabulary(vocabularyPath, graph.Architecture.VocabSize, problems);
        problems.ThrowIfAny();
        return vocabulary;
    }

    private static void CheckTarget(string directory, DiagnosticBag problems)
    {
        if (File.Exists(directory))
            problems.Add("QK4030", directory, "this is a file. Choose another folder.");
        else if (Directory.Exists(directory) && !File.Exists(Path.Combine(directory, ArtifactFiles.Manifest)) && Directory.EnumerateFileSystemEntries(directory).Any())
            problems.Add("QK4030", directory, $"the folder is not empty and has no {ArtifactFiles.Manifest}, so it is not replaced. Choose another folder.");
        else if (Directory.Exists(directory))
        {
            foreach (var name in FolderSwap.OthersIn(directory).Select(Path.GetFileName).Where(n => ArtifactFiles.Names.Contains(n)))
                problems.Add("QK4030", directory, $"'{name}' in it is a folder, and the artifact has a file of this name. Choose another folder.");
        }
    }

    private static byte[]? ReadVocabulary(string path, int vocabSize, DiagnosticBag problems)
    {
        try
        {
            var content = File.ReadAllBytes(path);
            var lines = content.AsSpan().Count((byte)'\n') + (content is [.., not (byte)'\n'] ? 1 : 0);
            // Fewer is allowed: some models pad their embedding.
            if (lines > vocabSize) problems.Add("QK4031", path, $"the vocabulary has {lines} lines, the model has {vocabSize} word embeddings. Use the vocabulary that the model was trained with.");
            return content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add("QK4001", path, $"the vocabulary cannot be read: {e.Message}");
            return null;
        }
    }
}
