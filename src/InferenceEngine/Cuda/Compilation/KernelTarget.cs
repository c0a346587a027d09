namespace QatKit.InferenceEngine.Cuda.Compilation;

/// <summary>What to compile for.</summary>
/// <param name="Name"><c>sm_80</c>: a cubin; <c>compute_90</c>: PTX, which a newer device's driver compiles.</param>
internal sealed record KernelTarget(string Name)
{
    /// <summary>Ampere data centre; also runs on every other 8.x.</summary>
    public static KernelTarget Sm80 { get; } = new("sm_80");

    /// <summary>Hopper with its architecture-specific instructions (wgmma).</summary>
    public static KernelTarget Sm90a { get; } = new("sm_90a");

    /// <summary>Every target that is compiled for.</summary>
    public static IReadOnlyList<KernelTarget> All { get; } = [Sm80, new("sm_86"), new("sm_89"), Sm90a, new("compute_90")];

    /// <summary>True for PTX.</summary>
    public bool IsPtx => Name.StartsWith("compute_", StringComparison.Ordinal);

    /// <summary>The target for a device.</summary>
    /// <param name="capability">10 · major + minor, at least 80.</param>
    /// <remarks>A cubin runs on its own and later minor versions of one major version; sm_90a on 9.0 alone.</remarks>
    public static KernelTarget For(int capability) => capability switch
    {
        < 80 => throw new ArgumentOutOfRangeException(nameof(capability), capability, "int8 tensor cores as used here need compute capability 8.0."),
        < 86 => Sm80,
        < 89 => All[1],
        89 => All[2],
        90 => Sm90a,
        _ => All[4],
    };
}
