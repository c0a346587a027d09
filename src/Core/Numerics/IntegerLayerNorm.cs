namespace QatKit.Core.Numerics;

/// <summary>The reference LayerNorm: statistics over integers on a 20-bit grid of step 2^-k.</summary>
/// <remarks><c>r_fix = clamp(rint(r·2^k), ±(2^20−1))</c>, S1 = Σ r_fix, S2 = Σ r_fix² (int64),
/// V = H·S2 − S1², rs = 1 / sqrt((float)V + e) with e = eps·H²·4^k rounded once,
/// <c>h = fma((float)(H·r_fix − S1) · rs, gamma, beta)</c>.</remarks>
public static class IntegerLayerNorm
{
    /// <summary>The exponent k for a seen amax: the largest k for which 4·amax still fits in the 20-bit grid.</summary>
    /// <param name="amax">Largest |r| seen in calibration, finite and positive; 0 gives the largest exponent.</param>
    public static int ExponentFor(float amax)
    {
        if (!float.IsFinite(amax) || amax < 0)
            throw new ArgumentOutOfRangeException(nameof(amax), amax, "amax must be finite and not negative.");
        if (amax == 0) return NumericsContract.MaxLayerNormExponent;
        var k = NumericsContract.MaxLayerNormExponent;
        while (k > -NumericsContract.MaxLayerNormExponent && 4.0 * amax * Math.ScaleB(1.0, k) > NumericsContract.LayerNormFixedMax) k--;
        return k;
    }

    /// <summary><c>r_fix</c> of one residual value.</summary>
    /// <param name="r">Residual sum, finite.</param>
    /// <param name="gridScale">2^k as a float32.</param>
    public static int ToFixed(float r, float gridScale) =>
        (int)Math.Clamp(MathF.Round(r * gridScale, MidpointRounding.ToEven), -NumericsContract.LayerNormFixedMax, NumericsContract.LayerNormFixedMax);

    /// <summary>2^k as a float32.</summary>
    public static float GridScale(int exponent) => MathF.ScaleB(1f, exponent);

    /// <summary><c>eps·H²·4^k</c>: the exact product of the double eps, rounded once to float32.</summary>
    public static float EpsilonTerm(double epsilon, int hidden, int exponent) =>
        (float)Math.ScaleB(epsilon * ((double)hidden * hidden), 2 * exponent);

    /// <summary><c>rs = 1 / sqrt((float)V + e)</c> with V = H·S2 − S1².</summary>
    public static float ReciprocalStd(long s1, long s2, int hidden, float epsilonTerm) =>
        1f / MathF.Sqrt((float)(hidden * s2 - s1 * s1) + epsilonTerm);

    /// <summary>Normalises one row.</summary>
    /// <param name="residual">r, [H].</param>
    /// <param name="gamma">[H].</param>
    /// <param name="beta">[H].</param>
    /// <param name="exponent">k.</param>
    /// <param name="epsilon">eps of the model's configuration.</param>
    /// <param name="output">Receives h, [H]. May be the residual itself.</param>
    public static void Normalize(ReadOnlySpan<float> residual, ReadOnlySpan<float> gamma, ReadOnlySpan<float> beta,
        int exponent, double epsilon, Span<float> output)
    {
        var hidden = residual.Length;
        var grid = GridScale(exponent);
        var fixedPoint = new int[hidden];
        long s1 = 0, s2 = 0;
        for (var i = 0; i < hidden; i++)
        {
            var f = ToFixed(residual[i], grid);
            fixedPoint[i] = f;
            s1 += f;
            s2 += (long)f * f;
        }

        var rs = ReciprocalStd(s1, s2, hidden, EpsilonTerm(epsilon, hidden, exponent));
        for (var i = 0; i < hidden; i++)
        {
            var n = (long)hidden * fixedPoint[i] - s1;
            output[i] = MathF.FusedMultiplyAdd((float)n * rs, gamma[i], beta[i]);
        }
    }
}
