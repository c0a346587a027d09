using System.Text;
using QatKit.Core.Artifact;

namespace QatKit.Export.Tests;

/// <summary>The files of an artifact in memory, to be damaged and written again.</summary>
internal sealed class ArtifactImage
{
    private ArtifactImage(Dictionary<string, byte[]> files) => Files = files;

    public Dictionary<string, byte[]> Files { get; }

    public static ArtifactImage Load(string folder) =>
        new(Directory.GetFiles(folder).ToDictionary(f => Path.GetFileName(f), File.ReadAllBytes));

    public ArtifactImage Copy() => new(Files.ToDictionary(f => f.Key, f => (byte[])f.Value.Clone()));

    /// <summary>Replaces text in a file; fails when it is not there exactly once.</summary>
    public ArtifactImage Replace(string name, string old, string with)
    {
        var text = Encoding.UTF8.GetString(Files[name]);
        Assert.Equal(2, text.Split(old).Length);
        Files[name] = Encoding.UTF8.GetBytes(text.Replace(old, with, StringComparison.Ordinal));
        return this;
    }

    /// <summary>Computes the checksums anew, so that damage reaches the checks behind them.</summary>
    public ArtifactImage Seal()
    {
        Files.Remove(ArtifactFiles.Checksums);
        var sums = Files.ToDictionary(f => f.Key, f => Checksums.Of(f.Value));
        Files[ArtifactFiles.Checksums] = Encoding.UTF8.GetBytes(Checksums.Format(sums));
        return this;
    }

    /// <summary>Writes the files into a folder that holds nothing else afterwards.</summary>
    public void WriteTo(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(folder).Where(f => !Files.ContainsKey(Path.GetFileName(f)))) File.Delete(file);
        foreach (var (name, content) in Files) File.WriteAllBytes(Path.Combine(folder, name), content);
    }
}
