using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Tests;

/// <summary>Whoever watches a kernel set must not change it.</summary>
public sealed class ObservedKernelsTests
{
    [Fact]
    public void Everything_that_a_kernel_set_may_say_is_passed_on()
    {
        var own = typeof(CpuKernels).GetMethods().Where(m => m.IsVirtual && m.DeclaringType == typeof(CpuKernels)).Select(m => m.ToString()).ToArray();
        Assert.NotEmpty(own);
        var passed = typeof(ObservedKernels).GetMethods().Where(m => m.DeclaringType == typeof(ObservedKernels)).Select(m => m.ToString());
        Assert.Empty(own.Except(passed));
    }

    [Fact]
    public void A_tile_of_two_blocks_stays_one()
    {
        var kernels = new Avx512VnniKernels<EmulatedTileCode>();
        Assert.Equal(2, kernels.BlocksPerTile);
        Assert.Equal(2, new ObservedKernels(kernels).BlocksPerTile);
        Assert.Equal(kernels.CodeOffset, new ObservedKernels(kernels).CodeOffset);
        Assert.Equal(kernels.Tier, new ObservedKernels(kernels).Tier);
    }
}
