namespace QatKit.Comparison.Onnx;

/// <summary>How near two answers are to each other.</summary>
internal static class Cosine
{
    /// <summary>Cosine of the angle between two vectors of one length; 0 where there is none, because one is zero or not finite.</summary>
    public static double Of(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double ab = 0, aa = 0, bb = 0;
        for (var i = 0; i < a.Length; i++)
        {
            ab += (double)a[i] * b[i];
            aa += (double)a[i] * a[i];
            bb += (double)b[i] * b[i];
        }

        var cosine = ab / Math.Sqrt(aa * bb);
        return double.IsFinite(cosine) ? cosine : 0;
    }
}
