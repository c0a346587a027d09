namespace QatKit.Core.Numerics;

/// <summary>The reference attention row: integer maximum, unsigned 8-bit codes before normalising, integer sums.</summary>
/// <remarks><c>t = (acc − max)·m_qk</c>, <c>p = rint(255 · 2^t)</c>, <c>z = Σ p</c>,
/// <c>ctx = (Σ p·v) · (s_v / z)</c>. The largest key always gets code 255, so z ≥ 255.</remarks>
public static class IntegerSoftmax
{
    /// <summary>The multiplier <c>m_qk = (s_q · s_k) · (log2(e) / sqrt(D))</c>, each operation rounded once to float32 in this grouping.</summary>
    /// <param name="queryScale">Scale of the query codes.</param>
    /// <param name="keyScale">Scale of the key codes.</param>
    /// <param name="headDim">D, the size of a head.</param>
    public static float ScoreMultiplier(float queryScale, float keyScale, int headDim) =>
        queryScale * keyScale * (ElementwiseFunctions.Log2E / MathF.Sqrt(headDim));

    /// <summary>Probability codes of one row of scores.</summary>
    /// <param name="scores">acc_ij = Σ_d q·k of the valid keys, at least one.</param>
    /// <param name="scoreMultiplier">m_qk.</param>
    /// <param name="codes">Receives p_ij in [0, 255]; as long as <paramref name="scores"/>.</param>
    /// <returns>z_i = Σ_j p_ij.</returns>
    public static int Codes(ReadOnlySpan<int> scores, float scoreMultiplier, Span<byte> codes)
    {
        var max = int.MinValue;
        foreach (var s in scores) max = Math.Max(max, s);
        var z = 0;
        for (var j = 0; j < scores.Length; j++)
        {
            codes[j] = Code(scores[j] - max, scoreMultiplier);
            z += codes[j];
        }

        return z;
    }

    /// <summary><c>rint(255 · exp2_c((float)delta · m_qk))</c> for delta = acc − max ≤ 0.</summary>
    public static byte Code(int delta, float scoreMultiplier) =>
        (byte)MathF.Round(NumericsContract.ProbabilityMax * ElementwiseFunctions.Exp2(delta * scoreMultiplier), MidpointRounding.ToEven);

    /// <summary><c>ctx = (float)ctx_acc · (s_v / (float)z)</c>.</summary>
    public static float Context(int contextAccumulator, float valueScale, int z) => contextAccumulator * (valueScale / z);
}
