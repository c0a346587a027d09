using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;

namespace QatKit.Core.Artifact;

/// <summary>A model folder while it is read: its sums, and its files but the tensors, each against its sum.</summary>
internal sealed class ArtifactFolder
{
    private static readonly string[] Required = [ArtifactFiles.Config, ArtifactFiles.Tensors, ArtifactFiles.Manifest];

    private readonly string _directory;
    private readonly Dictionary<string, string> _sums;
    private readonly byte[] _config, _manifest;

    /// <exception cref="QatKitException">QK4010 missing file, QK4011 bad SHA256SUMS.</exception>
    public ArtifactFolder(string directory)
    {
        _directory = directory;
        _sums = ReadSums();
        _config = File.ReadAllBytes(PathOf(ArtifactFiles.Config));
        Verify(ArtifactFiles.Config, Checksums.Of(_config));
        _manifest = File.ReadAllBytes(PathOf(ArtifactFiles.Manifest));
        Verify(ArtifactFiles.Manifest, Checksums.Of(_manifest));
        foreach (var name in _sums.Keys.Except(Required))
        {
            using var other = File.OpenHandle(PathOf(name));
            Verify(name, Checksums.Of(other));
        }
    }

    /// <summary>Files that do not have their sums, QK4012.</summary>
    public DiagnosticBag Damage { get; } = new();

    public string PathOf(string name) => Path.Combine(_directory, name);

    /// <summary>Compares a file's sum with the one that it should have.</summary>
    public void Verify(string name, string sum)
    {
        if (_sums[name] != sum)
            Damage.Add("QK4012", PathOf(name), $"the SHA-256 sum is {sum}, {ArtifactFiles.Checksums} says {_sums[name]}. The file is damaged or was changed: copy or export the artifact again.");
    }

    /// <summary>What the files say.</summary>
    /// <exception cref="QatKitException">QK4013 bad JSON, QK4014 unknown version, QK4015 unsupported model, QK4016 manifest and model disagree.</exception>
    public (ArtifactHeader Header, BertArchitecture Architecture) Parse()
    {
        var manifest = ManifestReader.Parse(PathOf(ArtifactFiles.Manifest), _manifest);
        var architecture = ArtifactConfig.Parse(PathOf(ArtifactFiles.Config), _config);
        ManifestValidator.Check(PathOf(ArtifactFiles.Manifest), manifest, architecture);
        return (new ArtifactHeader(_directory, manifest, _sums.ContainsKey(ArtifactFiles.Vocabulary) ? PathOf(ArtifactFiles.Vocabulary) : null), architecture);
    }

    private Dictionary<string, string> ReadSums()
    {
        var path = PathOf(ArtifactFiles.Checksums);
        var problems = new DiagnosticBag();
        foreach (var name in Required.Append(ArtifactFiles.Checksums).Where(n => !File.Exists(PathOf(n)))) Missing(name);
        problems.ThrowIfAny();

        var sums = Checksums.Parse(path, File.ReadAllBytes(path));
        foreach (var name in sums.Keys.Where(n => !File.Exists(PathOf(n)))) Missing(name);
        foreach (var name in Required.Append(ArtifactFiles.Vocabulary).Where(n => !sums.ContainsKey(n) && File.Exists(PathOf(n))))
            problems.Add("QK4011", path, $"there is no sum of {name}. The artifact is damaged: copy or export it again.");
        problems.ThrowIfAny();
        return sums;

        void Missing(string name) =>
            problems.Add("QK4010", PathOf(name), "the file does not exist. The folder is not a complete artifact: copy or export it again.");
    }
}
