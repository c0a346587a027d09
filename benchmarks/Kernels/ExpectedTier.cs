namespace QatKit.Benchmarks.Kernels;

/// <summary>The tier that a job is for. A switch that did nothing, or an instruction set that the processor lacks, would give its row the time
/// of another tier; a setup that throws gives it NA.</summary>
internal static class ExpectedTier
{
    /// <summary>Environment variable that names the tier to the process of a job; without it any tier is right.</summary>
    public const string Variable = "QATKIT_BENCHMARK_TIER";

    /// <summary>Throws when another tier runs than the one that the job is for.</summary>
    /// <param name="tier">What runs.</param>
    /// <exception cref="InvalidOperationException">Another tier runs.</exception>
    public static void Check(string tier)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { } expected && expected != tier)
            throw new InvalidOperationException($"This job is for the tier {expected}, but {tier} runs: the processor lacks an instruction set, or one was not switched off. qatkit doctor says which tiers it has.");
    }
}
