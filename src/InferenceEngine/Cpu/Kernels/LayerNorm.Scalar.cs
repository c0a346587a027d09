using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Integer LayerNorm, as specified by <see cref="IntegerLayerNorm"/>, of rows whose r_fix and sums the stage before has left.</summary>
internal static unsafe partial class LayerNorm
{
    /// <summary>Values begin .. end − 1 of a row, in place, the first of which is <paramref name="values"/>[0].</summary>
    public static void Scalar(PackedLayerNorm norm, RowStatistics statistics, int* values, int begin, int end)
    {
        float* gamma = (float*)norm.Gamma.Pointer, beta = (float*)norm.Beta.Pointer;
        for (var i = begin; i < end; i++)
        {
            var n = (long)norm.Hidden * values[i - begin] - statistics.S1;
            ((float*)values)[i - begin] = MathF.FusedMultiplyAdd((float)n * statistics.ReciprocalStd, gamma[i], beta[i]);
        }
    }
}
