using QatKit.Comparison;
using QatKit.Core.Diagnostics;
using QatKit.GpuCheck.Comparing;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.GpuCheck.Tests;

public sealed class CpuComparisonTests
{
    private const string First = "1x32x2x64", Second = "2x32x2x64";

    private static readonly ComparedShape[] Shapes = [new(First, 1, 16), new(Second, 2, 8)];

    [Fact]
    public void Every_shape_is_compared_with_sparse_weights_and_kept_at_once()
    {
        var kept = new List<string>();
        var progress = new StringWriter();
        var report = CpuComparison.Run(Shapes, 2, 20, (options, _) => Result(options), (shape, soFar) => kept.Add($"{shape} {soFar.Results.Count}"), progress, CancellationToken.None);
        Assert.Equal(["1x32x2x64 with random 2:4 weights", "2x32x2x64 with random 2:4 weights"], report.Results.Select(r => r.Model));
        Assert.Equal([(1, 16, 2), (2, 8, 2)], report.Results.Select(r => (r.Batch, r.SequenceLength, r.Threads)));
        Assert.Equal(["1x32x2x64-b1-s16 1", "2x32x2x64-b2-s8 2"], kept);
        Assert.Empty(report.NotMeasured);
        Assert.Equal("1x32x2x64-b1-s16: QatKit dense : ONNX Runtime INT8, all, both: 1.50", progress.ToString().Split('\n')[0].TrimEnd());
    }

    [Fact]
    public void When_the_time_is_up_the_shape_at_hand_is_given_up_and_the_rest_is_named()
    {
        using var timeUp = new CancellationTokenSource();
        ComparedShape[] shapes = [Shapes[0], Shapes[1], new(First, 4, 8)];
        var compared = 0;
        var report = CpuComparison.Run(shapes, 2, 20, (options, cancellation) =>
        {
            if (++compared == 2) timeUp.Cancel();
            cancellation.ThrowIfCancellationRequested();
            return Result(options);
        }, (_, _) => { }, TextWriter.Null, timeUp.Token);
        Assert.Equal(2, compared);
        Assert.Single(report.Results);
        Assert.Equal(["2x32x2x64-b2-s8: no time was left", "1x32x2x64-b4-s8: no time was left"], report.NotMeasured);
    }

    [Fact]
    public void A_shape_that_fails_does_not_stop_the_next()
    {
        var report = CpuComparison.Run(Shapes, 2, 20, (options, _) => options.Batch == 1 ? throw new QatKitException("QK5051", "threads", "too many.") : Result(options),
            (_, _) => { }, TextWriter.Null, CancellationToken.None);
        Assert.Equal(2, Assert.Single(report.Results).Batch);
        Assert.Equal(["1x32x2x64-b1-s16: QK5051 threads: too many."], report.NotMeasured);
    }

    [Fact]
    public void Without_AVX2_or_the_opponent_there_is_nothing_to_measure()
    {
        Assert.Null(CpuComparison.Missing(hasAvx2: true, () => "1.31.1"));
        Assert.Equal("this processor has no AVX2: only the scalar reference would be measured", CpuComparison.Missing(hasAvx2: false, () => "1.31.1"));
        Assert.Equal("ONNX Runtime cannot be loaded: no libonnxruntime.so",
            CpuComparison.Missing(hasAvx2: true, () => throw new TypeInitializationException("NativeMethods", new DllNotFoundException("no libonnxruntime.so"))));
    }

    private static ComparisonResult Result(ComparisonOptions options)
    {
        Assert.Contains(options.Graph.Linears, l => l.Mask is not null);
        return new ComparisonResult(MachineHeader.Of(TimeProvider.System), "1.31.1", options.Model, options.Batch, options.SequenceLength, options.Threads, "CPU", [], [], [],
            [new SpeedRatio("QatKit dense", "ONNX Runtime INT8", "all, both", 1.5)]);
    }
}
