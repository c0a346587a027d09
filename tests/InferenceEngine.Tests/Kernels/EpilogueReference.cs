using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>The epilogues straight from the contract: one function per element.</summary>
internal static unsafe class EpilogueReference
{
    /// <summary>Bytes of an element that a kind stores.</summary>
    public static int Bytes(EpilogueKind kind) => kind switch
    {
        EpilogueKind.Float or EpilogueKind.AddResidual => 4,
        EpilogueKind.GeluQuantizeInt16 or EpilogueKind.TanhQuantizeInt16 => 2,
        _ => 1,
    };

    /// <summary>A destination with scales that leave few codes unused.</summary>
    public static LinearOutput Output(EpilogueKind kind, void* destination, float* residual, PanelLayout layout) => kind switch
    {
        EpilogueKind.Float => LinearOutput.Float((float*)destination, layout),
        EpilogueKind.AddResidual => LinearOutput.AddResidual((float*)destination, residual, layout),
        EpilogueKind.QuantizeInt8 => LinearOutput.Int8((sbyte*)destination, layout, 100f),
        EpilogueKind.GeluQuantizeInt8 => LinearOutput.GeluInt8((sbyte*)destination, layout, 100f),
        EpilogueKind.GeluQuantizeInt16 => LinearOutput.GeluInt16((short*)destination, layout, 20_000f),
        _ => LinearOutput.TanhInt16((short*)destination, layout, 32767f),
    };

    /// <summary>Stores element <paramref name="i"/>.</summary>
    public static void Store(in LinearOutput output, nint i, float y)
    {
        var destination = output.Destination;
        switch (output.Kind)
        {
            case EpilogueKind.Float: ((float*)destination)[i] = y; break;
            case EpilogueKind.AddResidual: ((float*)destination)[i] = y + output.Residual[i]; break;
            case EpilogueKind.QuantizeInt8: ((sbyte*)destination)[i] = AffineQuantizer.Quantize(y, output.InverseScale); break;
            case EpilogueKind.GeluQuantizeInt8: ((sbyte*)destination)[i] = AffineQuantizer.Quantize(ElementwiseFunctions.Gelu(y), output.InverseScale); break;
            case EpilogueKind.GeluQuantizeInt16: ((short*)destination)[i] = AffineQuantizer.QuantizeInt16(ElementwiseFunctions.Gelu(y), output.InverseScale); break;
            default: ((short*)destination)[i] = AffineQuantizer.QuantizeInt16(ElementwiseFunctions.Tanh(y), output.InverseScale); break;
        }
    }
}
