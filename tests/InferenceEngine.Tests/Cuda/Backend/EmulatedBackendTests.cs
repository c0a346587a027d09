using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.InferenceEngine.Cuda.Backend;
using QatKit.InferenceEngine.Cuda.Plans;
using QatKit.InferenceEngine.Tests.Cuda.Driver;
using QatKit.InferenceEngine.Tests.Model;

namespace QatKit.InferenceEngine.Tests.Cuda.Backend;

/// <summary>The whole backend with its real kernels, on the CPU: plans, packing, buffers, graphs and .cu files together.</summary>
public sealed class EmulatedBackendTests
{
    [Theory]
    [InlineData(64, 2, false, null)]
    [InlineData(64, 2, true, null)]
    [InlineData(256, 1, true, "32x32/1x2/2/2")]
    [InlineData(64, 1, true, "wgmma/256x128/6/1/1")]
    [InlineData(64, 1, false, "wgmma/128x128/6/2/1")]
    [InlineData(64, 1, true, "wgmma/128x128/6/4/1")]
    [InlineData(256, 1, false, "wgmma/128x128/6/2/2")]
    public void Every_tensor_equals_the_reference(int hidden, int layers, bool sparse24, string? plan)
    {
        var architecture = new BertArchitecture(layers, hidden, 2, 2 * hidden, 50, 40, 2, 2);
        Check(SyntheticGraph.Create(architecture, 21, sparse24, int16Layers: new HashSet<string> { ModuleNames.Output(layers - 1) }), [7, 1, 24], plan);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Bert_tiny_equals_the_reference(bool sparse24) =>
        Check(SyntheticGraph.Create(new BertArchitecture(2, 128, 2, 512, 60, 48, 2, 3), 11, sparse24), [5, 1, 33, 48, 17], plan: null);

    [Fact]
    public void Odd_sizes_and_layers_out_of_int8_equal_the_reference()
    {
        var architecture = new BertArchitecture(2, 36, 3, 70, 20, 40, 2, 2); // heads of 12 codes: not 16-byte aligned
        var int16 = new HashSet<string>
        {
            ModuleNames.Key(0), ModuleNames.AttentionOutput(0), ModuleNames.Intermediate(0), ModuleNames.Output(1), ModuleNames.Query(1), ModuleNames.Pooler,
        };
        Check(SyntheticGraph.Create(architecture, 12, int16Layers: int16), [7, 40, 1], plan: null);
    }

    private static void Check(QuantizedGraph graph, int[] lengths, string? plan)
    {
        var batch = SyntheticGraph.CreateBatch(graph.Architecture, lengths, 22);
        var expected = new RecordedTrace();
        var logits = ReferenceExecutor.Run(graph, batch, expected);
        var installed = new FakeCudaDriver();
        if (plan?.StartsWith("wgmma", StringComparison.Ordinal) == true) installed.InstalledDevices[0] = FakeCudaDriver.Hopper;
        var (driver, backend) = FakeDevice.Create(graph, new CudaOptions { MaxTokens = 128, ForcedPlan = plan is null ? null : GemmChoice.Parse(plan) }, installed);
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
