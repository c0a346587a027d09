using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Benchmarking;

/// <summary>How fast the processor multiplies and adds codes when nothing else is in its way.</summary>
/// <param name="Instruction">What was repeated: <c>vpmaddwd</c>, <c>vpmaddubsw</c>, <c>vpdpbusd</c> or <c>vpdpbusd zmm</c>.</param>
/// <param name="Threads">Threads that ran it at the same time.</param>
/// <param name="GigaOperationsPerSecond">Of all threads; a multiplication and an addition count as two.</param>
/// <remarks>Twelve independent 256-bit accumulators, as many as the register tile of the kernels has (512 bits: fourteen), no memory and no
/// decoding of weights. No dense product of these instructions is faster while the processor runs as it ran then; but clocks change, and a virtual machine's
/// processors are not always its own, so a product that is measured at another time may well be. For shares of a peak, <see cref="PeakLoad"/> takes
/// turns with what is measured.</remarks>
public sealed record PeakRate(string Instruction, int Threads, double GigaOperationsPerSecond)
{
    private const int Accumulators = 12, Steps = 20_000;

    private static readonly TimeSpan Warmup = TimeSpan.FromMilliseconds(20);

    /// <summary>Instructions that this processor has: what the kernels of each tier use, and <c>vpmaddubsw</c> with
    /// <c>vpmaddwd</c>, the usual way to multiply u8 by s8 without VNNI.</summary>
    public static IReadOnlyList<string> Instructions =>
        [.. new[] { Wide, Narrow, Vnni, Vnni512 }.Where(i => Has(i))];

    private const string Wide = "vpmaddwd", Narrow = "vpmaddubsw", Vnni = "vpdpbusd", Vnni512 = "vpdpbusd zmm";

    private static bool Has(string instruction) => instruction switch
    {
        Vnni => AvxVnni.IsSupported,
        Vnni512 => BackendProbe.Cpu(CpuTier.Avx512Vnni).IsAvailable,
        _ => Avx2.IsSupported,
    };

    /// <summary>The instruction of a tier's matrix products, or null for the scalar tier.</summary>
    /// <param name="tier">Name of the tier, as in <see cref="InferenceSession.Tier"/>.</param>
    public static string? InstructionOf(string tier) => tier switch
    {
        nameof(CpuTier.Avx2) => Wide,
        nameof(CpuTier.AvxVnni) => Vnni,
        nameof(CpuTier.Avx512Vnni) => Vnni512,
        _ => null,
    };

    /// <summary>Measures one instruction on some threads at once.</summary>
    /// <param name="instruction">One of <see cref="Instructions"/>.</param>
    /// <param name="threads">At least 1.</param>
    /// <param name="duration">How long the threads run; warming up comes on top.</param>
    public static PeakRate Measure(string instruction, int threads, TimeSpan duration)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        var (loop, stepOperations) = LoopOf(instruction);
        var operations = (double)stepOperations * Steps;
        var rates = new double[threads];
        using var start = new Barrier(threads);
        var team = Enumerable.Range(1, threads - 1).Select(i => new Thread(() => rates[i] = Rate(loop, operations, duration, start)) { IsBackground = true }).ToArray();
        foreach (var thread in team) thread.Start();
        rates[0] = Rate(loop, operations, duration, start);
        foreach (var thread in team) thread.Join();
        return new PeakRate(instruction, threads, rates.Sum() / 1e9);
    }

    /// <summary>What repeats an instruction, and multiplications and additions of each step.</summary>
    internal static (Func<int, int> Loop, int StepOperations) LoopOf(string instruction) => instruction switch
    {
        // 16 products in a 256-bit register of words, 32 in one of bytes, 64 in 512 bits.
        _ when !Instructions.Contains(instruction) => throw new ArgumentOutOfRangeException(nameof(instruction), instruction, "Not an instruction of this processor."),
        Wide => (Chains<WordChain>, 2 * Accumulators * 16),
        Narrow => (Chains<ByteChain>, 2 * Accumulators * 32),
        Vnni => (Chains<DotU8S8>, 2 * Accumulators * 32),
        _ => (NativeTileCode.RunPeak, 2 * NativeTileCode.PeakAccumulators * 64),
    };

    // Operations per second of this thread, while all threads run.
    private static double Rate(Func<int, int> loop, double operations, TimeSpan duration, Barrier start)
    {
        Repeat(loop, Warmup); // Reaches the clock rate of a long calculation.
        start.SignalAndWait();
        var (rounds, elapsed) = Repeat(loop, duration);
        return rounds * operations / elapsed.TotalSeconds;
    }

    private static (long Rounds, TimeSpan Elapsed) Repeat(Func<int, int> loop, TimeSpan duration)
    {
        var begin = Stopwatch.GetTimestamp();
        var rounds = 0L;
        TimeSpan elapsed;
        do
        {
            loop(Steps);
            rounds++;
        }
        while ((elapsed = Stopwatch.GetElapsedTime(begin)) < duration);
        return (rounds, elapsed);
    }

    // Twelve chains, each of which waits only for itself. Optimised at once: there is no second call in which a better version would run.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static int Chains<TOperation>(int steps) where TOperation : struct, ITileOperation
    {
        var one = Vector256.Create(1);
        Vector256<byte> x = one.AsByte(), w = Vector256.Create((byte)3);
        Vector256<int> a0 = one, a1 = one, a2 = one, a3 = one, a4 = one, a5 = one, a6 = one, a7 = one, a8 = one, a9 = one, a10 = one, a11 = one;
        for (var i = 0; i < steps; i++)
        {
            a0 = TOperation.Accumulate(a0, x, w);
            a1 = TOperation.Accumulate(a1, x, w);
            a2 = TOperation.Accumulate(a2, x, w);
            a3 = TOperation.Accumulate(a3, x, w);
            a4 = TOperation.Accumulate(a4, x, w);
            a5 = TOperation.Accumulate(a5, x, w);
            a6 = TOperation.Accumulate(a6, x, w);
            a7 = TOperation.Accumulate(a7, x, w);
            a8 = TOperation.Accumulate(a8, x, w);
            a9 = TOperation.Accumulate(a9, x, w);
            a10 = TOperation.Accumulate(a10, x, w);
            a11 = TOperation.Accumulate(a11, x, w);
        }

        return Vector256.Sum(a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11);
    }

    // x + acc · w instead of acc + x · w: the product depends on the accumulator, so that no step can be moved out of the loop.
    private readonly struct WordChain : ITileOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<int> Accumulate(Vector256<int> acc, Vector256<byte> x, Vector256<byte> w) =>
            WideMultiplyAdd.Accumulate(x.AsInt32(), acc.AsByte(), w);
    }

    // The same with vpmaddubsw, and vpmaddwd to widen its sums.
    private readonly struct ByteChain : ITileOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<int> Accumulate(Vector256<int> acc, Vector256<byte> x, Vector256<byte> w) =>
            Avx2.Add(x.AsInt32(), Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(acc.AsByte(), w.AsSByte()), Vector256.Create((short)1)));
    }
}
