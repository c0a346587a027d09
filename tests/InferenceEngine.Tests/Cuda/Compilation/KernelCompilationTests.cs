using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Cuda.Plans;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Cuda.Compilation;

/// <summary>Every kernel that a plan can ask for becomes a cubin, without spills and within what a block may have.</summary>
public sealed class KernelCompilationTests
{
    private static readonly BertArchitecture Large = new(24, 1024, 16, 4096, 30522, 512, 2, 2);

    // Registers of a consumer and of a producer of gemm_s8_sm90.cu with one and with two consumer warpgroups.
    private const int ConsumerRegisters = 232;
    private static readonly int[] ProducerRegisters = [24, 40];

    // Shared memory that a block may have: 163 KB on 8.0, 227 KB on 9.0.
    [Theory]
    [InlineData("sm_80", 166912)]
    [InlineData("sm_90a", 232448)]
    public void Every_kernel_of_every_plan_compiles_without_spills(string target, int sharedBytes)
    {
        var problems = new List<string>();
        foreach (var (definition, usage) in Compile(NvrtcRequirement.Open(), target))
        {
            if (usage.SpillStoreBytes + usage.SpillLoadBytes + usage.StackBytes > 0) problems.Add($"{definition} spills or has a stack.");
            if (usage.Registers * definition.Threads > 65536) problems.Add($"{definition}: {usage.Registers} registers x {definition.Threads} threads.");
            if (usage.StaticSharedBytes + definition.SharedBytes > sharedBytes) problems.Add($"{definition}: {usage.StaticSharedBytes + definition.SharedBytes} bytes of shared memory.");
            // Consumers wait for what the producer gives back: with fewer at the start than they take in the end they would wait for ever.
            if (definition.File != "gemm_s8_sm90.cu") continue;
            var consumers = definition.Defines.Single(d => d.Key == "CONSUMERS").Value;
            if (usage.Registers * (consumers + 1) < consumers * ConsumerRegisters + ProducerRegisters[consumers - 1]) problems.Add($"{definition}: {usage.Registers} registers are too few to hand over.");
        }

        Assert.Empty(problems.Order());
    }

    // A structure of another size, or a second parameter, would be read from the wrong place.
    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_90a")]
    public void Every_kernel_has_one_parameter_of_the_size_of_the_hosts_structure(string target)
    {
        var compiler = NvrtcRequirement.Open();
        var cache = new KernelCache(compiler, KernelCache.DefaultFolder);
        var problems = new List<string>();
        var kernels = KernelCatalog.For(Large, [false, true], int16Encoder: false, hopper: target == "sm_90a").GroupBy(d => d.EntryPoint).SelectMany(g => g.Take(2)).ToArray();
        Assert.Equal(target == "sm_90a" ? 6 : 5, kernels.DistinctBy(d => d.EntryPoint).Count());
        foreach (var definition in kernels)
        {
            var parameters = Cubin.Parameters(cache.Get(KernelSources.Load(definition), new KernelTarget(target)).Kernel.Image, definition.EntryPoint);
            if (parameters is not [var only] || only.Bytes != ParameterBytes(definition.EntryPoint)) problems.Add($"{definition}: {string.Join(", ", parameters)}; the host has one of {ParameterBytes(definition.EntryPoint)} bytes.");
        }

        Assert.Empty(problems);
    }

    [Fact]
    public void The_recorded_registers_of_the_products_are_those_of_the_built_kernels()
    {
        var compiler = NvrtcRequirement.Open();
        Assert.SkipUnless(compiler.Version == "nvrtc-12.4", "The registers of another compiler differ.");
        var most = new[] { "sm_80", "sm_90a" }.SelectMany(target => Compile(compiler, target)).Where(k => k.Kernel.EntryPoint.StartsWith("gemm_s8", StringComparison.Ordinal))
            .GroupBy(k => Constants(k.Kernel)).ToDictionary(g => g.Key, g => g.Max(k => k.Usage.Registers + 7) / 8 * 8);
        var recorded = from choice in GemmPlanner.Choices
                       where choice.Splits == 1
                       from sparse24 in new[] { false, true }
                       select (Constants(choice.Define(new GemmProblem(1, 1, 1, sparse24, new(GemmActivation.None, false, OutputType.Int8)))), GemmRegisters.Of(choice, sparse24));
        Assert.Equal(most.Select(k => $"{k.Key}: {k.Value}").Order(StringComparer.Ordinal), recorded.Select(r => $"{r.Item1}: {r.Item2}").Order(StringComparer.Ordinal));

        static string Constants(KernelDefinition kernel) =>
            string.Join(", ", kernel.Defines.Where(d => d.Key is not ("ACTIVATION" or "RESIDUAL" or "OUTPUT")).Select(d => $"{d.Key}={d.Value}"));
    }

    private static int ParameterBytes(string entryPoint) => entryPoint switch
    {
        "embed_layernorm" => Unsafe.SizeOf<EmbeddingParameters>(),
        "layernorm" => Unsafe.SizeOf<LayerNormParameters>(),
        "attention" => Unsafe.SizeOf<AttentionParameters>(),
        "gemm_s8_sm90" => Unsafe.SizeOf<GemmSm90Parameters>(),
        _ => Unsafe.SizeOf<GemmParameters>(),
    };

    [Fact]
    public void The_committed_table_is_that_of_the_built_kernels()
    {
        var compiler = NvrtcRequirement.Open();
        var page = RepositoryRoot.Combine("docs", "kernel-resources.md");
        var text = KernelResourceTable.Render(compiler.Version!, new[] { "sm_80", "sm_90a" }.SelectMany(t => Compile(compiler, t).Select(k => (k.Kernel, t, k.Usage))));
        if (Environment.GetEnvironmentVariable("QATKIT_UPDATE") == "1") File.WriteAllText(page, text);
        var committed = File.ReadAllText(page);
        Assert.SkipWhen(!committed.Contains(compiler.Version!, StringComparison.Ordinal), $"The table is that of another compiler than {compiler.Version}.");
        Assert.Equal(committed, text);
    }

    private static IReadOnlyList<(KernelDefinition Kernel, KernelUsage Usage)> Compile(NvrtcCompiler compiler, string target)
    {
        // The user's cache makes a second run of the tests cheap; its key has every byte that is compiled.
        var cache = new KernelCache(compiler, KernelCache.DefaultFolder);
        var built = new ConcurrentBag<(KernelDefinition, KernelUsage)>();
        Parallel.ForEach(KernelCatalog.For(Large, [false, true], int16Encoder: false, hopper: target == "sm_90a"),
            new ParallelOptions { MaxDegreeOfParallelism = Math.Min(4, Environment.ProcessorCount) },
            definition => built.Add((definition, Assert.Single(PtxasReport.Parse(cache.Get(KernelSources.Load(definition), new KernelTarget(target)).Kernel.Log)))));
        return [.. built];
    }

    [Theory]
    [InlineData("sm_86")]
    [InlineData("sm_89")]
    [InlineData("compute_90")]
    public void One_kernel_of_each_source_compiles_for_every_other_target(string target)
    {
        var compiler = NvrtcRequirement.Open();
        foreach (var definition in Samples()) Assert.NotEmpty(compiler.Compile(KernelSources.Load(definition), new KernelTarget(target)).Image);
    }

    [Fact]
    public void Sources_come_with_the_headers_they_include_and_the_contract_options()
    {
        var source = KernelSources.Load(KernelLibrary.LayerNorm(1024));
        Assert.Equal(source.Headers.Select(h => h.Name).Order(StringComparer.Ordinal), source.Headers.Select(h => h.Name));
        Assert.Contains("common/params.cuh", source.Headers.Select(h => h.Name));
        Assert.DoesNotContain(source.Headers, h => h.Text.Length == 0);
        Assert.Equal(
            ["--std=c++17", "--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true", "--ptxas-options=-v", "-DHIDDEN=1024", "-DTHREADS=256"],
            source.Options);
    }

    [Fact]
    public void Every_source_has_a_kernel_in_the_catalog()
    {
        var files = KernelCatalog.For(Large, [false, true], int16Encoder: true, hopper: true).Select(d => d.File).ToHashSet();
        Assert.Equal(KernelSources.Names().Where(n => n.EndsWith(".cu", StringComparison.Ordinal)), files.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<KernelDefinition> Samples() =>
        KernelCatalog.For(Large, [true], int16Encoder: true, hopper: false).GroupBy(d => d.File).Select(g => g.First());
}
