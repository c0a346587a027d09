using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;
using QatKit.InferenceEngine.Tests.Model;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Session;

/// <summary>Workers that are held up anywhere and for any time change nothing: nobody reads what is not there yet, or writes what is still read.</summary>
public sealed class WorkerDelayTests
{
    private static readonly BertArchitecture Small = new(2, 32, 2, 64, 50, 40, 2, 3);

    // Key and value have input codes of their own, in the first layer each another quantizer's.
    private static readonly QuantizedGraph Graph = GraphEdits.WithValueInput(
        SyntheticGraph.Create(Small, 4, int16Layers: new HashSet<string> { ModuleNames.Key(0), ModuleNames.Value(0), ModuleNames.Key(1), ModuleNames.Value(1) }),
        QuantizationParameters.FromAmax(3f, NumericsContract.Int16Max));

    // Many heads for few workers and few for many; a single sequence, and single tokens.
    private static readonly TokenBatch[] Batches = [Batch(5, 40, 1, 17), Batch(33), Batch(1, 1, 1), Batch(40, 40)];

    // Calls with little work are for one worker and come between the others.
    private const int WorkPerThread = 3 * 32 * (4 * 32 + 2 * 64) / 7;

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void Logits_are_those_of_a_single_worker(int workers)
    {
        using var session = Delayed(workers, seed: 1);
        for (var round = 0; round < 20; round++)
        {
            for (var i = 0; i < Batches.Length; i++) TensorAssert.BitEqual(Expected(Batches[i]), session.Run(Batches[i]), 3, $"round {round}, batch {i}");
        }
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(5, 1)]
    [InlineData(3, 2)]
    [InlineData(3, 5)]
    public void Traces_are_those_of_a_single_worker_whatever_they_want(int workers, int every)
    {
        using var session = Delayed(workers, seed: 2);
        foreach (var batch in Batches)
        {
            var expected = new RecordedTrace();
            Single().Run(batch, new Some(expected, every));
            Assert.NotEmpty(expected.Tensors);
            for (var round = 0; round < 5; round++)
            {
                var actual = new RecordedTrace();
                session.Run(batch, new Some(actual, every));
                RecordedTrace.AssertEqual(expected, actual);
            }
        }
    }

    private static TokenBatch Batch(params int[] lengths) => SyntheticGraph.CreateBatch(Small, lengths, 7);

    private static float[] Expected(TokenBatch batch) => Single().Run(batch);

    private static InferenceSession Single() => Session(new ScalarKernels(), 1);

    // Every few operations a worker is held up, sometimes so long that the others fall asleep.
    private static InferenceSession Delayed(int workers, int seed)
    {
        var random = new ThreadLocal<Random>(() => new Random(Interlocked.Increment(ref seed)));
        return Session(new ObservedKernels(new ScalarKernels(), () =>
        {
            var chance = random.Value!.Next(100);
            if (chance < 1) Thread.Sleep(1);
            else if (chance < 10) Thread.SpinWait(random.Value.Next(2000));
        }), workers);
    }

    private static InferenceSession Session(CpuKernels kernels, int threads) =>
        InferenceSession.Wrap(CpuBackend.Create(Graph, new CpuSettings(kernels, threads, WeightFormat.Auto, "test", WorkPerThread)));

    /// <summary>Wants every so many of the names for which it is asked.</summary>
    private sealed class Some(RecordedTrace trace, int every) : IActivationTrace
    {
        private int _asked;

        public bool Wants(string name) => _asked++ % every == 0;

        public void Record(string name, int rows, int columns, ReadOnlySpan<sbyte> codes) => trace.Record(name, rows, columns, codes);

        public void Record(string name, int rows, int columns, ReadOnlySpan<short> codes) => trace.Record(name, rows, columns, codes);

        public void Record(string name, int rows, int columns, ReadOnlySpan<float> values) => trace.Record(name, rows, columns, values);
    }
}
