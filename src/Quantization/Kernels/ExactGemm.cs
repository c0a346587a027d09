using static TorchSharp.torch;

namespace QatKit.Quantization.Kernels;

/// <summary>Matrix products of codes whose float32 result is the integer result, rounded once.</summary>
/// <remarks>float32 holds every integer up to 2^24. While K times the largest product stays below, any order of float32
/// additions is exact; int8 allows K = 1040. Longer sums are split, and the exact parts added in float64.</remarks>
internal static class ExactGemm
{
    private const long ExactFloat32 = 1L << 24;

    /// <summary>x [.., M, K] · w [.., N, K]ᵀ.</summary>
    /// <param name="x">Codes.</param>
    /// <param name="w">Codes.</param>
    /// <param name="largestProduct">Largest |x| times largest |w|.</param>
    internal static Tensor MultiplyTransposed(Tensor x, Tensor w, long largestProduct)
    {
        var k = x.shape[^1];
        var chunk = ExactFloat32 / largestProduct;
        using var transposed = w.transpose(-2, -1);
        if (k <= chunk) return x.matmul(transposed);
        if (chunk < 64)
        {
            // int16 codes: a product alone may pass 2^24. float64 is exact up to 2^53.
            using var x64 = x.to_type(ScalarType.Float64);
            using var w64 = transposed.to_type(ScalarType.Float64);
            using var y64 = x64.matmul(w64);
            return y64.to_type(ScalarType.Float32);
        }

        Tensor? sum = null;
        for (long from = 0; from < k; from += chunk)
        {
            var length = Math.Min(chunk, k - from);
            using var xPart = x.narrow(-1, from, length);
            using var wPart = transposed.narrow(-2, from, length);
            using var part = xPart.matmul(wPart);
            if (sum is null) sum = part.to_type(ScalarType.Float64);
            else sum.Increase(part);
        }

        using (sum) return sum!.to_type(ScalarType.Float32);
    }
}
