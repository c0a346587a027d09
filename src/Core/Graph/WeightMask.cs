using System.Security.Cryptography;

namespace QatKit.Core.Graph;

/// <summary>Which weights of an [out, in] matrix an N:M pattern kept. A kept weight may still have code 0.</summary>
/// <param name="Pattern">The pattern's name, <c>2:4</c>.</param>
/// <param name="Out">Rows.</param>
/// <param name="In">Columns, a multiple of 8.</param>
/// <param name="Bits">Row-major bits, [Out, In / 8] bytes, lowest bit first; 1 = kept.</param>
public sealed record WeightMask(string Pattern, int Out, int In, byte[] Bits)
{
    /// <summary>True where the weight at (row, column) was kept.</summary>
    public bool IsKept(int row, int column)
    {
        var bit = (long)row * In + column;
        return (Bits[bit >> 3] >> (int)(bit & 7) & 1) != 0;
    }

    /// <summary>SHA-256 of <see cref="Bits"/>, lower-case hexadecimal.</summary>
    public string Sha256() => Convert.ToHexStringLower(SHA256.HashData(Bits));
}
