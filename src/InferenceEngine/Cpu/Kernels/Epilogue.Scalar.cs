using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>What a linear layer does with <c>y</c> before it stores it; see <see cref="EpilogueKind"/>.</summary>
internal static unsafe partial class Epilogue
{
    public static void Scalar(in LinearOutput output, int row, int column, float y)
    {
        var i = output.Layout.IndexOf(row, column);
        switch (output.Kind)
        {
            case EpilogueKind.Float:
                ((float*)output.Destination)[i] = y;
                break;
            case EpilogueKind.AddResidual:
                var f = IntegerLayerNorm.ToFixed(y + output.Residual[i], output.GridScale);
                ((int*)output.Destination)[i] = f;
                output.Sums[row] += RowSums.Of(f);
                break;
            case EpilogueKind.QuantizeInt8:
                ((sbyte*)output.Destination)[i] = (sbyte)(AffineQuantizer.Quantize(y, output.InverseScale) + output.CodeOffset);
                break;
            case EpilogueKind.GeluQuantizeInt8:
                ((sbyte*)output.Destination)[i] = (sbyte)(AffineQuantizer.Quantize(ElementwiseFunctions.Gelu(y), output.InverseScale) + output.CodeOffset);
                break;
            case EpilogueKind.GeluQuantizeInt16:
                ((short*)output.Destination)[i] = AffineQuantizer.QuantizeInt16(ElementwiseFunctions.Gelu(y), output.InverseScale);
                break;
            case EpilogueKind.TanhQuantizeInt16:
                ((short*)output.Destination)[i] = AffineQuantizer.QuantizeInt16(ElementwiseFunctions.Tanh(y), output.InverseScale);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(output), output.Kind, "Unknown epilogue.");
        }
    }
}
