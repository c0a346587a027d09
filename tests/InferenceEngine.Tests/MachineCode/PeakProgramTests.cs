using System.Runtime.Intrinsics;
using Iced.Intel;
using QatKit.InferenceEngine.Cpu.Kernels;
using QatKit.InferenceEngine.Cpu.MachineCode;

namespace QatKit.InferenceEngine.Tests.MachineCode;

/// <summary>The loop that measures the peak of <c>vpdpbusd</c> in both calling conventions: what it executes and gives back.</summary>
public sealed class PeakProgramTests
{
    private const int FirstThatNobodyWantsBack = 16;

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 7)]
    [InlineData(true, 1)]
    [InlineData(true, 7)]
    public void Each_step_multiplies_once_into_each_accumulator(bool windows, int steps)
    {
        var executed = Run(windows, steps).Executed!.Where(i => i.Mnemonic == Mnemonic.Vpdpbusd).ToArray();
        Assert.Equal(steps * PeakProgram.Accumulators, executed.Length);
        Assert.All(executed, i => Assert.True(i.Op0Register.IsZMM() && i.Op1Register.IsZMM() && i.Op2Register.IsZMM(), $"{i}"));
        foreach (var step in executed.Chunk(PeakProgram.Accumulators))
        {
            // Independent of each other: none is added to twice, none is multiplied.
            var accumulators = step.Select(i => i.Op0Register).ToHashSet();
            Assert.Equal(PeakProgram.Accumulators, accumulators.Count);
            Assert.All(step, i => Assert.DoesNotContain(i.Op1Register, accumulators));
            Assert.All(step, i => Assert.DoesNotContain(i.Op2Register, accumulators));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_begins_with_zeros_touches_no_memory_and_keeps_the_callers_registers(bool windows)
    {
        var processor = Run(windows, 3, out var general, out var vectors);
        Assert.All(Enumerable.Range(0, 16).Where(r => r != (int)Gpr.Rax), r => Assert.Equal(general[r], processor.General[r]));
        Assert.All(Enumerable.Range(0, FirstThatNobodyWantsBack), v => Assert.Equal(vectors[v].GetLower().GetLower(), processor.Vectors[v].GetLower().GetLower()));
        // Codes that are always 0 cost the same time.
        Assert.All(Enumerable.Range(FirstThatNobodyWantsBack, 32 - FirstThatNobodyWantsBack), v => Assert.Equal(Vector512<byte>.Zero, processor.Vectors[v]));
        Assert.DoesNotContain(processor.Executed!, i => Enumerable.Range(0, i.OpCount).Any(o => i.GetOpKind(o) == OpKind.Memory));
        Assert.Equal(1, processor.Executed!.Count(i => i.Mnemonic == Mnemonic.Vzeroupper));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_loop_that_would_not_end_is_not_begun(int steps) =>
        Assert.Equal("steps", Assert.Throws<ArgumentOutOfRangeException>(() => NativeTileCode.RunPeak(steps)).ParamName);

    private static EmulatedProcessor Run(bool windows, int steps) => Run(windows, steps, out _, out _);

    private static EmulatedProcessor Run(bool windows, int steps, out ulong[] general, out Vector512<byte>[] vectors)
    {
        Tiers.Require(CpuTier.Avx2, "The emulator itself");
        var random = new Random(3);
        var processor = new EmulatedProcessor { Executed = [] };
        foreach (ref var register in processor.General) register = (ulong)random.NextInt64();
        foreach (ref var vector in processor.Vectors) vector = Vector512.Create(random.NextInt64()).AsByte();
        processor.General[(int)(windows ? Gpr.Rcx : Gpr.Rdi)] = (ulong)steps;
        general = processor.General.ToArray();
        vectors = processor.Vectors.ToArray();
        processor.Run(EmulatedProcessor.Decode(PeakProgram.Write(windows)));
        return processor;
    }
}
