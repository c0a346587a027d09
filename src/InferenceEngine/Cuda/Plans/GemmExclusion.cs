namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>Products that the planner leaves out although it would choose them: those with the most to go wrong. No choice changes a bit.</summary>
internal enum GemmExclusion
{
    /// <summary>None.</summary>
    None,

    /// <summary>Warpgroup products whose blocks share their tokens in a cluster.</summary>
    Clusters,

    /// <summary>All warpgroup products.</summary>
    Warpgroups,
}

/// <summary>What belongs to an exclusion.</summary>
internal static class GemmExclusions
{
    /// <summary>Instead of a plan: <see cref="GemmExclusion.Clusters"/>.</summary>
    public const string NoClusters = "no-clusters";

    /// <summary>Instead of a plan: <see cref="GemmExclusion.Warpgroups"/>.</summary>
    public const string NoWarpgroups = "no-wgmma";

    /// <summary>Whether a choice is left out.</summary>
    public static bool Covers(this GemmExclusion exclusion, GemmChoice choice) => exclusion switch
    {
        GemmExclusion.Warpgroups => choice is WarpgroupChoice,
        GemmExclusion.Clusters => choice.Cluster > 1,
        _ => false,
    };
}
