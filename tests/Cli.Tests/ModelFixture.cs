using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.Export;
using QatKit.TestKit;
using QatKit.Training.Data.Reviews;

namespace QatKit.Cli.Tests;

/// <summary>A small exported model with random weights and the vocabulary of the built-in reviews.</summary>
internal sealed class ModelFixture : IDisposable
{
    private readonly TempFolder _folder = new();

    public ModelFixture()
        : this("negative", "positive")
    {
    }

    public ModelFixture(params string[] labels)
    {
        var words = BuiltinReviews.CreateVocabulary();
        var vocabulary = _folder.Combine("vocab.txt");
        File.WriteAllBytes(vocabulary, words.Bytes);
        Architecture = new BertArchitecture(2, 32, 2, 64, words.Count, 16, 2, labels.Length);
        var details = new ArtifactDetails
        {
            Labels = labels,
            MaxSequenceLength = 16,
            LowerCase = true,
            Provenance = new Dictionary<string, string> { ["seed"] = "1" },
            Evaluation = new Dictionary<string, double> { ["dev.accuracy"] = 0.5 },
        };
        Artifact = ArtifactWriter.Write(SyntheticGraph.Create(Architecture, 1, sparse24: true), details, vocabulary, _folder.Combine("model"), TestContext.Current.CancellationToken);
    }

    public BertArchitecture Architecture { get; }

    public ModelArtifact Artifact { get; }

    public string Folder => Artifact.Directory;

    public string Combine(params string[] parts) => Path.Combine([Folder, .. parts]);

    public void Dispose() => _folder.Dispose();
}
