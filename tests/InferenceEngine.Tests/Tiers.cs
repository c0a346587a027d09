namespace QatKit.InferenceEngine.Tests;

/// <summary>Instruction tiers that a test needs.</summary>
/// <remarks>QATKIT_REQUIRE_TIERS names tiers, separated by commas, that this machine is known to have: where a test would be skipped
/// because one of them is missing, it fails.</remarks>
internal static class Tiers
{
    public const string Variable = "QATKIT_REQUIRE_TIERS";

    /// <summary>Tiers that must not be missing.</summary>
    public static IReadOnlySet<CpuTier> Required => Parse(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Skips the test, or fails it, unless a tier can run here.</summary>
    /// <param name="tier">The tier.</param>
    /// <param name="user">What needs it.</param>
    public static void Require(CpuTier tier, string user)
    {
        var availability = BackendProbe.Cpu(tier);
        if (!availability.IsAvailable) SkipWithout([tier], $"{user}: {availability.Reason}.");
    }

    /// <summary>Skips the test, or fails it if one of the missing tiers is required.</summary>
    /// <param name="missing">The tiers.</param>
    /// <param name="reason">Why the test cannot run.</param>
    public static void SkipWithout(IEnumerable<CpuTier> missing, string reason)
    {
        var required = Required.Intersect(missing).ToArray();
        Assert.False(required.Length > 0, $"{Variable} requires {string.Join(" and ", required)}. {reason}");
        Assert.Skip(reason);
    }

    /// <summary>Tiers by name, in any case.</summary>
    public static IReadOnlySet<CpuTier> Parse(string? text)
    {
        var known = Enum.GetValues<CpuTier>().Where(t => t != CpuTier.Auto).ToDictionary(t => t.ToString(), StringComparer.OrdinalIgnoreCase);
        return (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(name => known.TryGetValue(name, out var tier) ? tier : throw new ArgumentException($"{Variable}: '{name}' is none of {string.Join(", ", known.Keys)}."))
            .ToHashSet();
    }
}
