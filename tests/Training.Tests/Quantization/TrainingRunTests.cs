using QatKit.Core.Graph;
using QatKit.TestKit;
using QatKit.Training.Tests.Bert;
using static TorchSharp.torch;

namespace QatKit.Training.Tests.Quantization;

/// <summary>Counts live tensors, which is a number of the whole process: runs alone.</summary>
[CollectionDefinition(nameof(TrainingRunTests), DisableParallelization = true)]
[Collection(nameof(TrainingRunTests))]
public sealed class TrainingRunTests
{
    [Fact]
    public void Training_leaks_no_tensor_and_two_runs_give_the_same_bits()
    {
        var runs = new List<float[]>();
        for (var run = 0; run < 2; run++)
        {
            using var outer = NewDisposeScope();
            manual_seed(5);
            var config = TinyBert.Config(dropout: 0.1);
            var (model, prepared) = PreparedBert.Calibrated(config, 3);
            using var disposed = model;
            model.train();
            using var optimizer = optim.AdamW(model.parameters(), lr: 1e-3);
            long settled = 0;
            for (var step = 0; step < 200; step++)
            {
                if (step == 100) prepared.FreezeRanges();
                using (NewDisposeScope())
                {
                    optimizer.zero_grad();
                    model.Run(TinyBert.Batch(config, step, 5, 9)).square().mean().backward();
                    optimizer.step();
                }

                if (step == 10) settled = LiveTensors();
            }

            Assert.Equal(settled, LiveTensors());
            runs.Add(model.get_parameter(ModuleNames.Query(0) + ".weight")!.data<float>().ToArray());
        }

        TensorAssert.BitEqual(runs[0], runs[1]);
    }

    // Without what earlier tests left to their finalizers.
    private static long LiveTensors()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }
}
