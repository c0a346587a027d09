using System.Buffers.Binary;

namespace QatKit.InferenceEngine.Tests.Cuda.Backend;

/// <summary>Reads packed weights back, element by element, straight from the order that Kernels/README.md states.</summary>
internal static class PackedWeights
{
    /// <summary>Row-major [features, depth] codes.</summary>
    public static sbyte[] Unpack(ReadOnlySpan<byte> packed, int features, int depth, bool sparse24)
    {
        var codes = new sbyte[features * depth];
        var steps = (depth + 127) / 128;
        var blockBytes = sparse24 ? 2560 : 4096;
        for (var n = 0; n < features; n++)
        {
            // Feature 4 (r % 8) + 2 f + r / 8 of its group is row r of fragment f.
            int inGroup = n % 32, g = inGroup / 4, fragment = inGroup % 4 / 2, lower = inGroup % 2;
            for (var k = 0; k < depth; k++)
            {
                var block = packed.Slice((n / 32 * steps + k / 128) * blockBytes, blockBytes);
                codes[n * depth + k] = (sbyte)(sparse24 ? Sparse(block, fragment, g, lower, k % 128) : Dense(block, fragment, g, lower, k % 128));
            }
        }

        return codes;
    }

    /// <summary>Bytes of a packed matrix.</summary>
    public static int Bytes(int features, int depth, bool sparse24) => (features + 31) / 32 * ((depth + 127) / 128) * (sparse24 ? 2560 : 4096);

    // [f 2][s 4][lane 32][16]: words a0 (row g, codes 4t..), a1 (row g + 8), a2 (row g, codes 16 + 4t..), a3.
    private static byte Dense(ReadOnlySpan<byte> block, int fragment, int g, int lower, int k)
    {
        int s = k / 32, inFragment = k % 32, word = inFragment / 16 * 2 + lower, lane = g * 4 + inFragment % 16 / 4;
        return block[((fragment * 4 + s) * 32 + lane) * 16 + word * 4 + k % 4];
    }

    // Values [f 2][s 2][lane 32][16], metadata [f 2][s 2][lane 32] words.
    private static byte Sparse(ReadOnlySpan<byte> block, int fragment, int g, int lower, int k)
    {
        int s = k / 64, half = k % 64 / 32, chunk = k % 32 / 4, tile = (fragment * 2 + s) * 32;
        var metadata = BinaryPrimitives.ReadUInt32LittleEndian(block[(2048 + (tile + g * 4 + 2 * half + lower) * 4)..]);
        var nibble = metadata >> (4 * chunk) & 15;
        var kept = k % 4 == (int)(nibble & 3) ? 0 : k % 4 == (int)(nibble >> 2) ? 1 : -1;
        return kept < 0 ? (byte)0 : block[(tile + g * 4 + k % 32 / 8) * 16 + (half * 2 + lower) * 4 + chunk % 2 * 2 + kept];
    }
}
