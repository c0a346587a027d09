using System.Runtime.InteropServices;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>A word that several workers write, alone in its two cache lines wherever it lies: processors fetch lines in pairs.</summary>
[StructLayout(LayoutKind.Explicit, Size = 2 * PairBytes)]
internal struct SharedWord
{
    private const int PairBytes = 2 * 64;

    /// <summary>The word.</summary>
    [FieldOffset(PairBytes)]
    public long Value;
}
