using System.Text;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.InferenceEngine.Cuda.Backend;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Tests.Cuda.Backend;
using QatKit.InferenceEngine.Tests.Cuda.Driver;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Cuda.Compilation;

public sealed class KernelPrecompilerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_model_with_its_kernels_runs_every_batch_without_a_compiler(bool hopper)
    {
        using var folder = new TempFolder();
        var architecture = new BertArchitecture(2, 32, 2, 64, 20, 200, 2, 2);
        var graph = SyntheticGraph.Create(architecture, 1, sparse24: true, int16Layers: new HashSet<string> { "bert.encoder.layer.0.output.dense" });
        var target = hopper ? KernelTarget.Sm90a : KernelTarget.Sm80;
        var count = KernelPrecompiler.Compile(graph, [target], new NamingCompiler(), folder.Path, TestContext.Current.CancellationToken);
        Assert.Equal(count, Directory.GetDirectories(folder.Path).Length);

        var driver = new FakeCudaDriver();
        if (hopper) driver.InstalledDevices[0] = FakeCudaDriver.Hopper;
        driver.OnLaunch = new ReferenceKernels(driver).Launch;
        var cache = new KernelCache(new MissingCompiler(new QatKitException("QK6010", "NVRTC", "not here.")), null, [folder.Path]);
        using var backend = CudaBackend.Create(graph, driver, cache, new CudaOptions { MaxTokens = 2048 });
        foreach (var lengths in new int[][] { [1], [20, 30], [200], [.. Enumerable.Repeat(40, 40)] })
        {
            var batch = SyntheticGraph.CreateBatch(architecture, lengths, 2);
            backend.Plan(batch); // Every kernel of the plan is there.
            if (batch.TokenCount <= 200) Assert.Equal(ReferenceExecutor.Run(graph, batch), backend.Run(batch, null));
        }
    }

    private sealed class NamingCompiler : IKernelCompiler
    {
        public string? Version => "naming-1";

        public CompiledKernel Compile(KernelSource source, KernelTarget target) => new(Encoding.UTF8.GetBytes(source.Variant), "");
    }
}
