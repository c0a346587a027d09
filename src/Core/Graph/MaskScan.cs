using System.Runtime.InteropServices;

namespace QatKit.Core.Graph;

/// <summary>Tells, eight weights at a time, whether a 2:4 mask and its weights agree: a large model is checked whenever it is loaded.</summary>
internal static class MaskScan
{
    /// <summary>True when every group of four keeps exactly two weights and every masked weight is 0.</summary>
    /// <param name="mask">Bits, [out, in / 8] bytes; in is a multiple of 8, so that no byte spans two rows.</param>
    /// <param name="int8">Codes [out, in], or null.</param>
    /// <param name="int16">Codes [out, in] where <paramref name="int8"/> is null.</param>
    public static bool Holds(WeightMask mask, sbyte[]? int8, short[]? int16)
    {
        ReadOnlySpan<byte> bits = mask.Bits;
        foreach (var b in bits) if (int.PopCount(b & 15) != 2 || int.PopCount(b >> 4) != 2) return false;
        return int8 is not null ? Holds(bits, int8) : Holds(bits, int16!);
    }

    private static bool Holds(ReadOnlySpan<byte> bits, sbyte[] codes)
    {
        // dropped[b] has 0xFF in byte j where bit j of b is 0.
        Span<ulong> dropped = stackalloc ulong[256];
        for (var b = 0; b < 256; b++)
            for (var j = 0; j < 8; j++) if ((b >> j & 1) == 0) dropped[b] |= 0xFFUL << (8 * j);
        var words = MemoryMarshal.Cast<sbyte, ulong>(codes);
        for (var i = 0; i < bits.Length; i++) if ((words[i] & dropped[bits[i]]) != 0) return false;
        return true;
    }

    private static bool Holds(ReadOnlySpan<byte> bits, short[] codes)
    {
        for (var i = 0; i < codes.Length; i++) if (codes[i] != 0 && (bits[i >> 3] >> (i & 7) & 1) == 0) return false;
        return true;
    }
}
