using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Integer LayerNorm, as specified by <see cref="IntegerLayerNorm"/>, in two steps: the sums of rows, of which workers may each compute a
/// part, and their values.</summary>
internal static unsafe partial class LayerNorm
{
    /// <summary>Sums of a row, or of a part of it.</summary>
    public static RowSums SumsScalar(float* residual, int count, float gridScale)
    {
        long s1 = 0, s2 = 0;
        for (var i = 0; i < count; i++)
        {
            var f = IntegerLayerNorm.ToFixed(residual[i], gridScale);
            s1 += f;
            s2 += (long)f * f;
        }

        return new RowSums(s1, s2);
    }

    /// <summary>Values begin .. end − 1 of a row, in place, the first of which is <paramref name="values"/>[0].</summary>
    public static void Scalar(PackedLayerNorm norm, RowStatistics statistics, float* values, int begin, int end)
    {
        float* gamma = (float*)norm.Gamma.Pointer, beta = (float*)norm.Beta.Pointer;
        for (var i = begin; i < end; i++)
        {
            var n = (long)norm.Hidden * IntegerLayerNorm.ToFixed(values[i - begin], norm.GridScale) - statistics.S1;
            values[i - begin] = MathF.FusedMultiplyAdd((float)n * statistics.ReciprocalStd, gamma[i], beta[i]);
        }
    }
}
