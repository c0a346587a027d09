using System.Runtime.CompilerServices;
using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.Export;
using QatKit.InferenceEngine.Tests.Cuda.Backend;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Session;

/// <summary>Loading a folder. Alone in the process: allocations are counted for all threads.</summary>
[CollectionDefinition(nameof(SessionLoadTests), DisableParallelization = true)]
[Collection(nameof(SessionLoadTests))]
public sealed class SessionLoadTests : IDisposable
{
    private static readonly BertArchitecture Small = new(2, 32, 2, 64, 50, 40, 2, 3);
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(CpuTier.Scalar, 1, WeightFormat.Auto)]
    [InlineData(CpuTier.Scalar, 3, WeightFormat.Dense)]
    [InlineData(CpuTier.Auto, 1, WeightFormat.Dense)]
    [InlineData(CpuTier.Auto, 2, WeightFormat.Sparse24)]
    [InlineData(CpuTier.Auto, 5, WeightFormat.Auto)]
    public void A_loaded_model_gives_the_logits_of_its_graph(CpuTier tier, int threads, WeightFormat format)
    {
        var graph = SyntheticGraph.Create(Small, 1, sparse24: true, new HashSet<string> { ModuleNames.Key(1), ModuleNames.Output(0) });
        var batch = SyntheticGraph.CreateBatch(Small, [3, 40], 2);
        var options = new SessionOptions { CpuTier = tier, Threads = threads, WeightFormat = format };
        using var session = InferenceSession.Load(Write(graph), options);
        using var created = InferenceSession.Create(graph, options);
        Assert.Equal(ReferenceExecutor.Run(graph, batch), session.Run(batch));
        Assert.Equal(created.Description, session.Description);
        Assert.Equal(Small, session.Architecture);
    }

    [Fact]
    public void Options_that_do_not_suit_the_model_are_refused()
    {
        var path = Write(SyntheticGraph.Create(Small, 1));
        var error = Assert.Throws<QatKitException>(() => InferenceSession.Load(path, new SessionOptions { Threads = -1, WeightFormat = WeightFormat.Sparse24 }));
        Assert.Equal(string.Join(Environment.NewLine,
            "2 problems:",
            "QK5051 SessionOptions.Threads: -1 threads is outside 0..1024. Use 0 for one per processor.",
            "QK5052 SessionOptions.WeightFormat: no int8 layer of the model has a 2:4 mask. Use WeightFormat.Auto, or prune the model."), error.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_load_allocates_little_more_than_the_model(bool sparse24)
    {
        var path = Write(SyntheticGraph.Create(new BertArchitecture(6, 384, 6, 1536, 100, 40, 2, 3), 1, sparse24));
        var file = new FileInfo(Path.Combine(path, ArtifactFiles.Tensors)).Length;
        var before = GC.GetTotalAllocatedBytes(precise: true);
        using var session = InferenceSession.Load(path, new SessionOptions { Threads = 2 });
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        // The packed weights, what some workers read layers into, and what the reader of a file of any size needs; a second copy would make it more than twice.
        Assert.InRange(allocated, file * 8 / 10, file * 17 / 10);
        Assert.NotEmpty(session.Run(SyntheticGraph.CreateBatch(session.Architecture, [3], 2)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_session_does_not_keep_the_weights_of_its_graph(bool cuda)
    {
        var (session, weights) = Prepare(cuda);
        using (session)
        {
            GC.Collect();
            Assert.False(weights.IsAlive);
            Assert.NotEmpty(session.Run(SyntheticGraph.CreateBatch(Small, [3], 2)));
        }
    }

    // Not inlined: a local of the test would keep the graph alive.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (InferenceSession Session, WeakReference Weights) Prepare(bool cuda)
    {
        var graph = SyntheticGraph.Create(Small, 1);
        var session = cuda ? InferenceSession.Wrap(FakeDevice.Create(graph).Backend) : InferenceSession.Create(graph, new SessionOptions { Threads = 2 });
        return (session, new WeakReference(graph.Layers[1].Intermediate.Int8Weight));
    }

    private string Write(QuantizedGraph graph)
    {
        var path = _folder.Combine("model");
        ArtifactWriter.Write(graph, new ArtifactDetails { Labels = ["no", "yes", "maybe"], MaxSequenceLength = 16, LowerCase = true }, null, path, cancellation: TestContext.Current.CancellationToken);
        return path;
    }
}
