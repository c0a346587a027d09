using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Integer LayerNorm of one row, as specified by <see cref="IntegerLayerNorm"/>.</summary>
internal static unsafe partial class LayerNorm
{
    public static void Scalar(PackedLayerNorm norm, float* residual, float* output, WorkerScratch scratch)
    {
        var hidden = norm.Hidden;
        var fixedPoint = (int*)scratch.Get(hidden * sizeof(int));
        long s1 = 0, s2 = 0;
        for (var i = 0; i < hidden; i++)
        {
            var f = IntegerLayerNorm.ToFixed(residual[i], norm.GridScale);
            fixedPoint[i] = f;
            s1 += f;
            s2 += (long)f * f;
        }

        var rs = IntegerLayerNorm.ReciprocalStd(s1, s2, hidden, norm.EpsilonTerm);
        float* gamma = (float*)norm.Gamma.Pointer, beta = (float*)norm.Beta.Pointer;
        for (var i = 0; i < hidden; i++)
        {
            var n = (long)hidden * fixedPoint[i] - s1;
            output[i] = MathF.FusedMultiplyAdd((float)n * rs, gamma[i], beta[i]);
        }
    }
}
