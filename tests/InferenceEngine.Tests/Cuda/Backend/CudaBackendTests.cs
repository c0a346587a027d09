using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.Core.Reference;
using QatKit.InferenceEngine.Cuda.Backend;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Plans;
using QatKit.InferenceEngine.Tests.Cuda.Driver;
using QatKit.InferenceEngine.Tests.Model;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Cuda.Backend;

public sealed class CudaBackendTests
{
    private static readonly BertArchitecture Small = new(2, 32, 2, 64, 50, 40, 2, 3);

    // Sizes that are no multiple of any tile or of 16: H = 3 · 7, D = 7, F = 45, C = 2.
    private static readonly BertArchitecture Odd = new(2, 21, 3, 45, 31, 37, 2, 2);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_tensor_equals_the_reference(bool sparse24) => AssertParity(SyntheticGraph.Create(Small, 11, sparse24), [5, 1, 40, 17]);

    [Fact]
    public void Sizes_that_divide_nothing_equal_the_reference() => AssertParity(SyntheticGraph.Create(Odd, 5), [37, 2, 1, 23]);

    [Fact]
    public void Layers_outside_int8_equal_the_reference()
    {
        foreach (var excluded in new string[][]
        {
            [ModuleNames.Query(0)], [ModuleNames.Key(1), ModuleNames.Value(1)], [ModuleNames.AttentionOutput(0)],
            [ModuleNames.Intermediate(1)], [ModuleNames.Output(0)], [ModuleNames.Pooler],
        })
        {
            AssertParity(SyntheticGraph.Create(Small, 3, sparse24: true, int16Layers: excluded.ToHashSet()), [9, 33]);
        }
    }

    [Fact]
    public void Batches_larger_than_a_pass_equal_the_reference()
    {
        var graph = SyntheticGraph.Create(Small, 8, sparse24: true);
        var batch = SyntheticGraph.CreateBatch(Small, [.. Enumerable.Range(0, 12).Select(i => 1 + i * 7 % 40)], 9);
        var (driver, backend) = FakeDevice.Create(graph, new CudaOptions { MaxTokens = 64 });
        using (backend)
        {
            TensorAssert.BitEqual(ReferenceExecutor.Run(graph, batch), backend.Run(batch, null), 3);
            Assert.True(driver.Calls.Count(c => c.StartsWith("end capture", StringComparison.Ordinal)) > 1);
            Assert.Equal(1, backend.ThreadsFor(batch));
            var error = Assert.Throws<QatKitException>(() => backend.Run(batch, new RecordedTrace()));
            Assert.Equal($"QK6008 trace: the batch has {batch.TokenCount} tokens, a traced pass on CUDA at most 64. Trace a smaller batch.", error.Message);
        }
    }

    [Fact]
    public void The_second_batch_of_a_bucket_is_one_graph_launch_and_allocates_nothing()
    {
        var graph = SyntheticGraph.Create(Small, 8);
        var (driver, backend) = FakeDevice.Create(graph);
        using (backend)
        {
            var first = SyntheticGraph.CreateBatch(Small, [10, 20], 1);
            var second = SyntheticGraph.CreateBatch(Small, [20, 7], 2);
            Assert.Equal(ReferenceExecutor.Run(graph, first), backend.Run(first, null));
            // Embedding; 7 launches a layer; pooler and classifier. Once directly, once captured.
            Assert.Equal(2 * (1 + 2 * 7 + 2), driver.Launches.Count);
            driver.ClearCalls();
            Assert.Equal(ReferenceExecutor.Run(graph, second), backend.Run(second, null));
            Assert.Equal(["current", "launch graph 32 tokens, 2 sequences, up to 32 each", "synchronize"], driver.Calls);
            Assert.Equal(ReferenceExecutor.Run(graph, first), backend.Run(first, null));
        }
    }

    [Fact]
    public void Every_kernel_divides_the_memory_of_a_multiprocessor_alike()
    {
        var (driver, backend) = FakeDevice.Create(SyntheticGraph.Create(Small, 8));
        using (backend) backend.Run(SyntheticGraph.CreateBatch(Small, [10], 1), new RecordedTrace());
        Assert.Equal(driver.Launches.Select(l => "prefer shared " + l.Function.Module.Name).Distinct().Order(StringComparer.Ordinal),
            driver.Calls.Where(c => c.StartsWith("prefer shared", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Warpgroup_products_can_be_left_out()
    {
        var graph = SyntheticGraph.Create(Small with { Layers = 1, Hidden = 1024, Heads = 16, Intermediate = 256, MaxPositions = 512 }, 8);
        var batch = SyntheticGraph.CreateBatch(graph.Architecture, [.. Enumerable.Repeat(512, 16)], 1);
        string[] Products(string? plan, Func<CudaLaunch, string> what)
        {
            var driver = new FakeCudaDriver();
            driver.InstalledDevices[0] = FakeCudaDriver.Hopper;
            var (_, backend) = FakeDevice.Create(graph, CudaOptions.WithPlan(plan) with { MaxTokens = 8192 }, driver);
            using (backend) return [.. backend.Plan(batch).Steps.Select(s => s.Launch).Where(l => l.Function.Name.StartsWith("gemm_s8", StringComparison.Ordinal)).Select(what).Distinct().Order(StringComparer.Ordinal)];
        }

        string Kernel(CudaLaunch launch) => launch.Function.Name;
        string Cluster(CudaLaunch launch) => launch.Cluster?.ToString() ?? "none";
        Assert.Equal(["gemm_s8", "gemm_s8_sm90"], Products(null, Kernel)); // The pooler picks rows, which warpgroup products cannot.
        Assert.Equal(["(2, 1, 1)", "(4, 1, 1)", "none"], Products(null, Cluster));
        Assert.Equal(["gemm_s8", "gemm_s8_sm90"], Products("no-clusters", Kernel));
        Assert.Equal(["none"], Products("no-clusters", Cluster));
        Assert.Equal(["gemm_s8"], Products("no-wgmma", Kernel));
    }

    [Fact]
    public void The_launches_of_a_layer_come_in_order()
    {
        var (driver, backend) = FakeDevice.Create(SyntheticGraph.Create(Small with { Layers = 1 }, 8));
        using (backend) backend.Run(SyntheticGraph.CreateBatch(Small, [10], 1), new RecordedTrace());
        Assert.Equal(
            ["embed_layernorm", "gemm_s8", "attention", "gemm_s8", "layernorm", "gemm_s8", "gemm_s8", "layernorm", "gemm_s8", "gemm_s16"],
            driver.Launches.Select(l => l.Function.Name));
        Assert.StartsWith("bert.encoder.layer.0.attention.self.query X[32, 32] W[96, 32]", driver.Launches[1].Shapes, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, 12040, false)]
    [InlineData(9, 12020, false)]
    [InlineData(9, 12040, true)]
    public void Kernels_overlap_their_predecessor_where_hardware_and_driver_can(int major, int version, bool overlap)
    {
        var driver = new FakeCudaDriver { Version = version };
        driver.InstalledDevices[0] = FakeCudaDriver.Device(major);
        var (_, backend) = FakeDevice.Create(SyntheticGraph.Create(Small, 8), driver: driver);
        using (backend) backend.Run(SyntheticGraph.CreateBatch(Small, [10], 1), new RecordedTrace());
        Assert.False(driver.Launches[0].OverlapsPredecessor);
        Assert.All(driver.Launches.Skip(1), launch => Assert.Equal(overlap, launch.OverlapsPredecessor));
    }

    [Fact]
    public void The_least_recently_used_graph_makes_room()
    {
        var (driver, backend) = FakeDevice.Create(SyntheticGraph.Create(Small, 8), new CudaOptions { MaxTokens = 128, MaxGraphs = 2 });
        using (backend)
        {
            void Run(int length) => backend.Run(SyntheticGraph.CreateBatch(Small, [.. Enumerable.Repeat(length, 2)], 1), null);
            Run(10); // 32 tokens
            Run(30); // 64
            Run(10);
            Run(40); // 96: the graph of 64 goes
            Assert.Equal(2, driver.Open.Count(o => o == "graph"));
            driver.ClearCalls();
            Run(10);
            Assert.Equal(3, driver.Calls.Count);
            Run(30);
            Assert.Contains("begin capture", driver.Calls);
        }
    }

    [Fact]
    public void Disposal_frees_everything()
    {
        var (driver, backend) = FakeDevice.Create(SyntheticGraph.Create(Small, 8));
        backend.Run(SyntheticGraph.CreateBatch(Small, [10], 1), null);
        backend.Dispose();
        backend.Dispose();
        Assert.Empty(driver.Open);
        Assert.Throws<ObjectDisposedException>(() => backend.Run(SyntheticGraph.CreateBatch(Small, [10], 1), null));
    }

    [Fact]
    public void A_model_that_does_not_fit_frees_what_it_took()
    {
        var driver = new FakeCudaDriver { Capacity = 33 << 20 };
        var error = Assert.Throws<QatKitException>(() => FakeDevice.Create(SyntheticGraph.Create(Small, 8), new CudaOptions { MaxTokens = 8192 }, driver));
        Assert.Matches("^QK6006 cuMemAlloc: [0-9]+ bytes for the activations of 8192 tokens cannot be had \\(1048576 of 34603008 are free\\)\\.", error.Message);
        Assert.Empty(driver.Open);
    }

    [Fact]
    public void A_failed_launch_names_kernel_and_shapes_and_the_next_call_works()
    {
        var graph = SyntheticGraph.Create(Small, 8);
        var (driver, backend) = FakeDevice.Create(graph);
        var batch = SyntheticGraph.CreateBatch(Small, [10], 1);
        using (backend)
        {
            driver.FailOn = call => call == "Launch" ? ("CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch") : null;
            Assert.Equal(
                "QK6005 cuLaunchKernelEx: kernel embed_layernorm<HIDDEN=32, THREADS=128> grid (32, 1, 1) block (128, 1, 1) shared 0 bytes, embeddings [32, 32]: "
                + "failed with CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES: too many resources requested for launch.",
                Assert.Throws<QatKitException>(() => backend.Run(batch, null)).Message);
            driver.FailOn = call => call == "EndCapture" ? ("CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed") : null;
            Assert.Throws<QatKitException>(() => backend.Run(batch, null));
            Assert.Contains("abandon capture", driver.Calls);
            driver.FailOn = null;
            Assert.Equal(ReferenceExecutor.Run(graph, batch), backend.Run(batch, null));
        }
    }

    [Fact]
    public void A_kernel_that_fails_in_a_traced_pass_is_named()
    {
        var (driver, backend) = FakeDevice.Create(SyntheticGraph.Create(Small, 8));
        using (backend)
        {
            // The copy of the inputs is waited for first, then each kernel.
            var waits = 0;
            driver.FailOn = call => call == "Synchronize" && ++waits == 3 ? ("CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered") : null;
            var message = Assert.Throws<QatKitException>(() => backend.Run(SyntheticGraph.CreateBatch(Small, [10], 1), new RecordedTrace())).Message;
            Assert.Matches("^QK6005 cuStreamSynchronize: kernel gemm_s8<[^>]*> grid \\([^)]*\\) block \\([^)]*\\) shared [0-9]+ bytes, .*: failed with CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered\\.$", message);
            Assert.True(CudaErrors.IsDeviceFault(message));
        }
    }

    [Fact]
    public void A_warpgroup_kernel_that_would_wait_for_registers_for_ever_is_refused()
    {
        var driver = new FakeCudaDriver { Registers = 160 };
        driver.InstalledDevices[0] = FakeCudaDriver.Hopper;
        var (_, backend) = FakeDevice.Create(SyntheticGraph.Create(Small, 8), new CudaOptions { ForcedPlan = GemmChoice.Parse("wgmma/256x128/6/1/1") }, driver);
        using (backend)
        {
            Assert.Equal(
                "QK6011 gemm_s8_sm90<SPARSE=0, CONSUMERS=2, CLUSTER=1, STAGES=6, ACTIVATION=0, RESIDUAL=0, OUTPUT=0>: was compiled to 160 registers a thread and waits for ever with fewer than 168. "
                + "Use another version of NVRTC, or the plan 'no-wgmma'.",
                Assert.Throws<QatKitException>(() => backend.Run(SyntheticGraph.CreateBatch(Small, [10], 1), null)).Message);
        }
    }

    [Fact]
    public void Calls_from_many_threads_take_turns()
    {
        var graph = SyntheticGraph.Create(Small, 8);
        var (_, backend) = FakeDevice.Create(graph);
        using (backend)
        {
            var batches = Enumerable.Range(0, 8).Select(i => SyntheticGraph.CreateBatch(Small, [10 + i, 3], i)).ToArray();
            Parallel.ForEach(batches, batch => Assert.Equal(ReferenceExecutor.Run(graph, batch), backend.Run(batch, null)));
        }
    }

    [Fact]
    public void Models_that_the_kernels_do_not_run_are_refused_with_all_reasons()
    {
        var graph = SyntheticGraph.Create(Small with { Hidden = 320, Heads = 2 }, 8, int16Layers: new HashSet<string> { ModuleNames.Key(0), ModuleNames.Value(0) });
        var value = graph.Layers[0].Value;
        var other = new QuantizedLinear
        {
            Name = value.Name,
            Out = value.Out,
            In = value.In,
            Int16Weight = value.Int16Weight,
            WeightScale = value.WeightScale,
            Bias = value.Bias,
            Input = QuantizationParameters.FromAmax(9f, NumericsContract.Int16Max),
        };
        var l = graph.Layers[0];
        var layer = new QuantizedEncoderLayer
        {
            Query = l.Query,
            Key = l.Key,
            Value = other,
            QueryOutput = l.QueryOutput,
            KeyOutput = l.KeyOutput,
            ValueOutput = l.ValueOutput,
            AttentionOutput = l.AttentionOutput,
            AttentionLayerNorm = l.AttentionLayerNorm,
            Intermediate = l.Intermediate,
            Output = l.Output,
            OutputLayerNorm = l.OutputLayerNorm,
        };
        var changed = new QuantizedGraph
        {
            Architecture = graph.Architecture,
            WordEmbeddings = graph.WordEmbeddings,
            PositionEmbeddings = graph.PositionEmbeddings,
            TokenTypeEmbeddings = graph.TokenTypeEmbeddings,
            EmbeddingLayerNorm = graph.EmbeddingLayerNorm,
            Layers = [layer, graph.Layers[1]],
            Pooler = graph.Pooler,
            Classifier = graph.Classifier,
        };
        Assert.Equal(string.Join(Environment.NewLine,
            "2 problems:",
            "QK6007 config: the heads have 160 elements; the CUDA kernels run up to 128. Run on the CPU.",
            "QK6007 bert.encoder.layer.0.attention.self.key: query, key and value have 2 input quantizers of the width Int16; the CUDA kernels have one. Export the model with one, or run on the CPU."),
            Assert.Throws<QatKitException>(() => FakeDevice.Create(changed)).Message);
    }

    [Fact]
    public void Absent_and_old_devices_are_refused()
    {
        var graph = SyntheticGraph.Create(Small, 8);
        var old = new FakeCudaDriver();
        old.InstalledDevices[0] = FakeCudaDriver.Device(7, 5);
        Assert.Equal(
            "QK6002 CUDA: Fake GPU (device 0, compute capability 7.5, 108 multiprocessors, 1024 MiB) is older than compute capability 8.0, from which on the int8 kernels run. Choose another device, or run on the CPU.",
            Assert.Throws<QatKitException>(() => FakeDevice.Create(graph, driver: old)).Message);
        Assert.Equal(
            "QK6002 CUDA: device 3 does not exist; 1 visible: Fake GPU (device 0, compute capability 8.0, 108 multiprocessors, 1024 MiB). Choose one of them, or run on the CPU.",
            Assert.Throws<QatKitException>(() => FakeDevice.Create(graph, new CudaOptions { Device = 3 })).Message);
    }

    [Fact]
    public void Forced_plans_do_not_change_a_bit()
    {
        var graph = SyntheticGraph.Create(Small with { Intermediate = 512, Hidden = 256, Heads = 4 }, 8, sparse24: true);
        AssertParity(graph, [10], new CudaOptions { MaxTokens = 64, ForcedPlan = GemmChoice.Parse("32x32/1x2/2/2") });
    }

    private static void AssertParity(QuantizedGraph graph, int[] lengths, CudaOptions? options = null)
    {
        var batch = SyntheticGraph.CreateBatch(graph.Architecture, lengths, 12);
        var expected = new RecordedTrace();
        var logits = ReferenceExecutor.Run(graph, batch, expected);
        var (_, backend) = FakeDevice.Create(graph, options);
        using (backend)
        {
            var actual = new RecordedTrace();
            Assert.Equal(logits, backend.Run(batch, actual));
            RecordedTrace.AssertEqual(expected, actual);
            Assert.Equal(logits, backend.Run(batch, null));
            Assert.Equal(logits, backend.Run(batch, null));
        }
    }
}
