namespace QatKit.Core.Tests.Numerics;

/// <summary>Double-precision functions that the framework does not have.</summary>
internal static class Oracle
{
    /// <summary>erf(z) = 2/√π · e^(−z²) · Σ 2^n z^(2n+1) / (2n+1)!!; all terms positive, so nothing cancels.</summary>
    internal static double Erf(double z)
    {
        var a = Math.Abs(z);
        if (a > 6) return Math.Sign(z);
        double term = a, sum = a;
        for (var n = 1; term > sum * 1e-17; n++)
        {
            term *= 2 * a * a / (2 * n + 1);
            sum += term;
        }

        return Math.CopySign(2 / Math.Sqrt(Math.PI) * Math.Exp(-a * a) * sum, z);
    }
}
