using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.InferenceEngine.Cuda.Backend;
using QatKit.InferenceEngine.Cuda.Plans;
using QatKit.InferenceEngine.Tests.Model;

namespace QatKit.InferenceEngine.Tests.Cuda.Backend;

/// <summary>The whole backend with its real kernels, on the CPU: plans, packing, buffers, graphs and .cu files together.</summary>
public sealed class EmulatedBackendTests
{
    [Theory]
    [InlineData(64, 2, false, null)]
    [InlineData(64, 2, true, null)]
    [InlineData(256, 1, true, "32x32/1x2/2/2")]
    public void Every_tensor_equals_the_reference(int hidden, int layers, bool sparse24, string? plan)
    {
        var architecture = new BertArchitecture(layers, hidden, 2, 2 * hidden, 50, 40, 2, 2);
        var graph = SyntheticGraph.Create(architecture, 21, sparse24, int16Layers: new HashSet<string> { ModuleNames.Output(layers - 1) });
        var batch = SyntheticGraph.CreateBatch(architecture, [7, 1, 24], 22);
        var expected = new RecordedTrace();
        var logits = ReferenceExecutor.Run(graph, batch, expected);
        var (driver, backend) = FakeDevice.Create(graph, new CudaOptions { MaxTokens = 64, ForcedPlan = plan is null ? null : GemmChoice.Parse(plan) });
        driver.OnLaunch = EmulatedKernels.Launch;
        using (backend)
        {
            var actual = new RecordedTrace();
            Assert.Equal(logits, backend.Run(batch, actual));
            RecordedTrace.AssertEqual(expected, actual);
            // Launch by launch, then as a graph.
            Assert.Equal(logits, backend.Run(batch, null));
            Assert.Equal(logits, backend.Run(batch, null));
        }
    }
}
