using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Tensors;

namespace QatKit.Core.Artifact;

/// <summary>Reads a model folder: everything is checked, and there is a whole model or an error, never half of one.</summary>
public static class ArtifactReader
{
    private static readonly string[] Required = [ArtifactFiles.Config, ArtifactFiles.Tensors, ArtifactFiles.Manifest];

    /// <summary>Reads an artifact and verifies its checksums.</summary>
    /// <exception cref="QatKitException">QK4001 unreadable, QK4010 missing file, QK4011 bad SHA256SUMS, QK4012 damaged file,
    /// QK4013 bad JSON, QK4014 unknown version, QK4015 unsupported model, QK4016 manifest and model disagree, QK4020 to QK4023
    /// tensors missing, extra, of another type or shape, QK4024 inverse scale, QK4025 mask hash, safetensors errors
    /// (QK4002 to QK4005), and those of <see cref="QuantizedGraphValidator"/>.</exception>
    public static ModelArtifact Read(string directory) => Read(directory, artifact =>
        new ModelArtifact(directory, artifact.Reader.Read(threads: 1, take: null), artifact.Manifest, artifact.VocabularyPath));

    /// <summary>As <see cref="Read(string)"/>, for whoever wants something else of the folder than the whole graph.</summary>
    /// <param name="directory">The folder.</param>
    /// <param name="build">Makes the result while the tensors' checksum is still being computed; may throw a <see cref="QatKitException"/>.
    /// Where the sum is wrong, the result is dropped, and that error reported instead of any other.</param>
    internal static T Read<T>(string directory, Func<OpenArtifact, T> build)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (!Directory.Exists(directory))
            throw new QatKitException("QK4010", directory, "the folder does not exist.");
        try
        {
            return ReadFolder(directory, build);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new QatKitException("QK4001", directory, $"the artifact cannot be read: {e.Message}", e);
        }
    }

    private static T ReadFolder<T>(string directory, Func<OpenArtifact, T> build)
    {
        string PathOf(string name) => Path.Combine(directory, name);
        var sums = ReadSums(directory);
        var damage = new DiagnosticBag();
        void Verify(string name, string sum)
        {
            if (sums[name] != sum)
                damage.Add("QK4012", PathOf(name), $"the SHA-256 sum is {sum}, {ArtifactFiles.Checksums} says {sums[name]}. The file is damaged or was changed: copy or export the artifact again.");
        }

        var config = File.ReadAllBytes(PathOf(ArtifactFiles.Config));
        Verify(ArtifactFiles.Config, Checksums.Of(config));
        var manifest = File.ReadAllBytes(PathOf(ArtifactFiles.Manifest));
        Verify(ArtifactFiles.Manifest, Checksums.Of(manifest));
        foreach (var name in sums.Keys.Except(Required))
        {
            using var other = File.OpenHandle(PathOf(name));
            Verify(name, Checksums.Of(other));
        }

        // The sum of the tensors is computed while they are parsed, over one open file: a folder that is replaced
        // meanwhile cannot mix two models.
        using var tensors = File.OpenHandle(PathOf(ArtifactFiles.Tensors));
        var tensorSum = Task.Run(() => Checksums.Of(tensors));
        T? result = default;
        QatKitException? problem = null;
        try
        {
            if (damage.IsEmpty) result = Parse(directory, config, manifest, tensors, sums.ContainsKey(ArtifactFiles.Vocabulary), build);
        }
        catch (QatKitException e)
        {
            problem = e; // Reported when the tensors' sum holds: otherwise the damage is the cause.
        }

        Verify(ArtifactFiles.Tensors, tensorSum.GetAwaiter().GetResult());
        damage.ThrowIfAny();
        if (problem is not null) ExceptionDispatchInfo.Throw(problem);
        return result!;
    }

    private static Dictionary<string, string> ReadSums(string directory)
    {
        var path = Path.Combine(directory, ArtifactFiles.Checksums);
        var problems = new DiagnosticBag();
        foreach (var name in Required.Append(ArtifactFiles.Checksums).Where(n => !File.Exists(Path.Combine(directory, n))))
            Missing(name);
        problems.ThrowIfAny();

        var sums = Checksums.Parse(path, File.ReadAllBytes(path));
        foreach (var name in sums.Keys.Where(n => !File.Exists(Path.Combine(directory, n)))) Missing(name);
        foreach (var name in Required.Append(ArtifactFiles.Vocabulary).Where(n => !sums.ContainsKey(n) && File.Exists(Path.Combine(directory, n))))
            problems.Add("QK4011", path, $"there is no sum of {name}. The artifact is damaged: copy or export it again.");
        problems.ThrowIfAny();
        return sums;

        void Missing(string name) =>
            problems.Add("QK4010", Path.Combine(directory, name), "the file does not exist. The folder is not a complete artifact: copy or export it again.");
    }

    private static T Parse<T>(string directory, byte[] config, byte[] manifestJson, SafeFileHandle tensors, bool hasVocabulary, Func<OpenArtifact, T> build)
    {
        var manifestPath = Path.Combine(directory, ArtifactFiles.Manifest);
        var manifest = ManifestReader.Parse(manifestPath, manifestJson);
        var architecture = ArtifactConfig.Parse(Path.Combine(directory, ArtifactFiles.Config), config);
        ManifestValidator.Check(manifestPath, manifest, architecture);
        var tensorPath = Path.Combine(directory, ArtifactFiles.Tensors);
        using var file = SafetensorsFile.Open(tensorPath, tensors, ownsHandle: false);
        TensorTable.Check(tensorPath, file, architecture, manifest);
        var graph = new GraphReader(tensorPath, file, architecture, manifest);
        return build(new OpenArtifact(manifest, hasVocabulary ? Path.Combine(directory, ArtifactFiles.Vocabulary) : null, graph));
    }
}
