using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.InferenceEngine.Tests;

public sealed class PeakRateTests
{
    private const int AccumulatorsTimesLanes = 12 * 8;

    // What a chain of each instruction makes of an accumulator in one step, with x = 1 and bytes of 3 as w.
    private static readonly Dictionary<string, Func<int, int>> Chains = new()
    {
        ["vpmaddwd"] = sum => 1 + (short)sum * 0x303 + (short)(sum >> 16) * 0x303,
        ["vpmaddubsw"] = sum => 1 + 3 * Enumerable.Range(0, 4).Sum(i => sum >> 8 * i & 0xff),
        ["vpdpbusd"] = sum => sum + 3,
    };

    public static TheoryData<string> Names => [.. Chains.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_loop_computes_every_step_of_every_chain(string instruction)
    {
        Tiers.Require(instruction == "vpdpbusd" ? CpuTier.AvxVnni : CpuTier.Avx2, instruction);
        var (loop, operations) = PeakRate.LoopOf(instruction);
        // Products of 32-byte registers: of words, or of bytes.
        Assert.Equal(2 * 12 * (instruction == "vpmaddwd" ? 16 : 32), operations);
        var sum = 1;
        for (var steps = 0; steps < 20; steps++)
        {
            Assert.Equal(AccumulatorsTimesLanes * sum, loop(steps));
            sum = Chains[instruction](sum);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Every_instruction_of_this_processor_has_a_rate(int threads)
    {
        foreach (var instruction in PeakRate.Instructions)
        {
            var rate = PeakRate.Measure(instruction, threads, TimeSpan.FromMilliseconds(1));
            Assert.Equal((instruction, threads), (rate.Instruction, rate.Threads));
            // No processor has more than ten gigahertz and four multipliers of 512 bits: a loop of nothing seems to.
            Assert.True(rate.GigaOperationsPerSecond > 0 && rate.GigaOperationsPerSecond < threads * 10 * 4 * 128, $"{rate}");
        }
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => PeakRate.Measure("vpaddd", 1, TimeSpan.Zero));
        Assert.Equal("instruction", error.ParamName);
        Assert.StartsWith("Not an instruction of this processor.", error.Message, StringComparison.Ordinal);
        Assert.Equal("threads", Assert.Throws<ArgumentOutOfRangeException>(() => PeakRate.Measure("vpdpbusd", 0, TimeSpan.Zero)).ParamName);
    }

    [Fact]
    public void Every_tier_that_has_an_instruction_is_measured_by_it()
    {
        foreach (var tier in Enum.GetValues<CpuTier>().Where(t => t != CpuTier.Auto))
        {
            var instruction = PeakRate.InstructionOf($"{tier}");
            Assert.Equal(tier == CpuTier.Scalar, instruction is null);
            if (instruction is not null) Assert.Equal(BackendProbe.Cpu(tier).IsAvailable, PeakRate.Instructions.Contains(instruction));
        }
    }
}
