using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Cuda.Plans;

namespace QatKit.InferenceEngine.Tests.Cuda.Compilation;

/// <summary>In the machine code of the kernels, loads that do not depend on each other are side by side: one after another they would cost a
/// round trip to memory each, which nothing but a device would show.</summary>
public sealed class KernelLatencyTests
{
    [Fact]
    public void LayerNorm_reads_its_constants_before_it_waits_and_its_row_at_once() =>
        Assert.Equal(["LDG.128", "LDG.128", "WAIT", "LDG.128", "STG.128", "STG.32", "STG.64"], Accesses(KernelLibrary.LayerNorm(1024)));

    [Fact]
    public void The_embedding_reads_its_constants_before_it_waits() =>
        Assert.Equal(["LDG.128", "LDG.128", "WAIT"], Accesses(KernelLibrary.Embedding(1024)).Take(3));

    [Fact]
    public void Products_fetch_the_constants_of_their_epilogue_before_they_wait()
    {
        foreach (var definition in Products(residual: true).Concat(Products(residual: false)))
        {
            var accesses = Accesses(definition);
            var wait = accesses.ToList().IndexOf("WAIT");
            Assert.True(wait > 0 && accesses.Take(wait).Count(a => a == "PREFETCH") is 2 or 3, $"{definition}: {string.Join(' ', accesses)}");
        }
    }

    [Fact]
    public void An_epilogue_asks_for_eight_residuals_before_it_stores_a_sum()
    {
        foreach (var definition in Products(residual: true))
        {
            // 16 bytes are a residual, a weight or the epilogue's constants; the main loop stores nothing.
            var loads = 0;
            foreach (var access in Accesses(definition).SkipWhile(a => a != "WAIT"))
            {
                if (access == "LDG.128") loads++;
                if (access != "STG.128") continue;
                Assert.True(loads is 0 or >= 8 || TokensOfWarp(definition) < 32, $"{definition}: {loads} loads, then a store.");
                loads = 0;
            }
        }
    }

    private static int TokensOfWarp(KernelDefinition definition)
    {
        int Value(string name, int absent) => definition.Defines.FirstOrDefault(d => d.Key == name) is { Key: not null } found ? found.Value : absent;
        return Value("TILE_T", WarpgroupTile.Tokens) / Value("WARPS_T", 1);
    }

    private static IEnumerable<KernelDefinition> Products(bool residual) =>
        from choice in GemmPlanner.Choices
        where choice.Splits == 1
        from sparse24 in new[] { false, true }
        select choice.Define(new GemmProblem(1, 1, 1, sparse24, residual ? new(GemmActivation.None, true, OutputType.Float32) : new(GemmActivation.Gelu, false, OutputType.Int8)));

    private static IReadOnlyList<string> Accesses(KernelDefinition definition)
    {
        var compiler = NvrtcRequirement.Open();
        Assert.SkipUnless(compiler.Version == "nvrtc-12.4", "Another compiler orders instructions differently.");
        return Cubin.MemoryAccesses(new KernelCache(compiler, KernelCache.DefaultFolder).Get(KernelSources.Load(definition), KernelTarget.Sm90a).Kernel.Image, definition.EntryPoint);
    }
}
