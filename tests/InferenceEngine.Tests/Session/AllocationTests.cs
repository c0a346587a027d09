using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Session;

/// <summary>A steady load allocates nothing on any thread. Alone in the process: allocations are counted for all threads.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    private const int Rounds = 6, RunsPerRound = 5;
    private static readonly BertArchitecture Small = new(2, 32, 2, 64, 50, 40, 2, 3);

    public static TheoryData<KernelSet, int, bool> SetsThreadsAndFormats =>
        [.. from set in KernelSets.All from threads in new[] { 1, 3 } from sparse24 in new[] { false, true } select (set, threads, sparse24)];

    [Theory]
    [MemberData(nameof(SetsThreadsAndFormats))]
    public void A_run_into_memory_of_the_caller_allocates_nothing(KernelSet set, int threads, bool sparse24)
    {
        var graph = SyntheticGraph.Create(Small, 3, sparse24, new HashSet<string> { ModuleNames.Key(1), ModuleNames.Intermediate(0) });
        var large = SyntheticGraph.CreateBatch(Small, [20, 20, 3], 1);
        var small = SyntheticGraph.CreateBatch(Small, [7, 20], 1);
        using var session = KernelSets.Session(set, graph, threads);
        var logits = new float[3 * Small.Classes];
        for (var i = 0; i < 3; i++) session.Run(large, logits);
        Assert.Equal(0, LeastAllocated(() =>
        {
            session.Run(large, logits);
            session.Run(small, logits);
        }));
        TensorAssert.BitEqual<float>(ReferenceExecutor.Run(graph, small), logits.AsSpan(0, 2 * Small.Classes));
    }

    [Fact]
    public void A_run_that_returns_its_logits_allocates_nothing_else()
    {
        var batch = SyntheticGraph.CreateBatch(Small, [7, 20], 1);
        using var session = KernelSets.Session(KernelSet.Scalar, SyntheticGraph.Create(Small, 3), threads: 2);
        var logits = session.Run(batch);
        Assert.Equal(LeastAllocated(() => logits = new float[2 * Small.Classes]), LeastAllocated(() => logits = session.Run(batch)));
        Assert.NotEmpty(logits);
    }

    // The runner's own threads may allocate now and then, so the least of some rounds counts; what a run allocates, it does in each.
    private static long LeastAllocated(Action action)
    {
        var least = long.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            for (var i = 0; i < RunsPerRound; i++) action();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return least;
    }
}
