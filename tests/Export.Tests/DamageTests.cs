using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.InferenceEngine;
using QatKit.TestKit;

namespace QatKit.Export.Tests;

/// <summary>A damaged artifact is refused with a clear error or gives unchanged results: no other exception, no hang. The engine, which
/// reads and packs layer by layer, says the same as the reader of whole graphs.</summary>
public sealed class DamageTests : IDisposable
{
    private const int Count = 1000;
    private static readonly SessionOptions Threads = new() { Threads = 2 };
    private readonly TempFolder _folder = new();
    private readonly ArtifactImage _sound;
    private readonly SortedDictionary<string, int> _codes = new(StringComparer.Ordinal);

    public DamageTests() => _sound = ArtifactImage.Load(SmallModel.Write(_folder));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Damage_is_refused_or_changes_nothing()
    {
        var expected = SmallModel.Graph();
        var unchanged = await RunAll(seal: false, (artifact, what) =>
        {
            Assert.True(!GraphComparison.Differences(expected, artifact.Graph).Any(), $"{what}: another graph was loaded.");
            Assert.True(File.ReadAllBytes(artifact.VocabularyPath!).AsSpan().SequenceEqual(_sound.Files[ArtifactFiles.Vocabulary]), $"{what}: another vocabulary.");
            using var manifest = new MemoryStream();
            ManifestWriter.Write(manifest, artifact.Manifest);
            Assert.True(manifest.ToArray().AsSpan().SequenceEqual(_sound.Files[ArtifactFiles.Manifest]), $"{what}: another manifest.");
        });
        // Some damage happens to change no byte: a value replaced by itself, a tensor swapped with itself.
        Assert.InRange(unchanged, 0, Count / 10);
        Assert.Superset(new HashSet<string> { "QK4010", "QK4011", "QK4012" }, _codes.Keys.ToHashSet());
    }

    [Fact]
    public async Task Damage_under_a_new_seal_is_refused_or_gives_a_model_that_runs()
    {
        var batch = SyntheticGraph.CreateBatch(SmallModel.Architecture, [3, 1], 5);
        var loaded = await RunAll(seal: true, (artifact, what) =>
        {
            QuantizedGraphValidator.Check(artifact.Graph);
            using var session = InferenceSession.Load(artifact.Directory, Threads);
            TensorAssert.BitEqual(ReferenceExecutor.Run(artifact.Graph, batch), session.Run(batch), SmallModel.Architecture.Classes, what);
        });
        Assert.InRange(loaded, Count / 20, Count * 9 / 10);
        Assert.Superset(
            new HashSet<string>
            {
                "QK2001", "QK2003", "QK4002", "QK4003", "QK4004", "QK4010", "QK4013", "QK4014", "QK4015", "QK4016", "QK4020", "QK4022", "QK4023", "QK4024", "QK4025",
            },
            _codes.Keys.ToHashSet());
    }

    // Reads every damaged artifact; how many were not refused.
    private async Task<int> RunAll(bool seal, Action<ModelArtifact, string> check)
    {
        var accepted = 0;
        var path = _folder.Combine("damaged");
        var all = Task.Run(() =>
        {
            for (var seed = 0; seed < Count; seed++)
            {
                var (image, what) = RandomDamage.Apply(_sound, new Random(seed));
                (seal ? image.Seal() : image).WriteTo(path);
                if (Read(path, what = $"seed {seed}, {what}") is not { } artifact) continue;
                check(artifact, what);
                accepted++;
            }
        });
        await all.WaitAsync(TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);
        TestContext.Current.SendDiagnosticMessage($"{accepted} of {Count} accepted; refusals: {string.Join(", ", _codes)}");
        return accepted;
    }

    // Null when the artifact is refused; any exception but a QatKitException fails the test.
    private ModelArtifact? Read(string path, string what)
    {
        try
        {
            return ArtifactReader.Read(path);
        }
        catch (QatKitException e)
        {
            Assert.Equal(e.Message, Assert.Throws<QatKitException>(() => InferenceSession.Load(path, Threads)).Message);
            foreach (var problem in e.Diagnostics) _codes[problem.Code] = _codes.GetValueOrDefault(problem.Code) + 1;
            return null;
        }
        catch (Exception e)
        {
            Assert.Fail($"{what}: {e}");
            throw;
        }
    }
}
