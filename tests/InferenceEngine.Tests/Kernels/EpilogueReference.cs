using QatKit.Core.Graph;
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
    /// <param name="kind">What is stored.</param>
    /// <param name="destination">Where.</param>
    /// <param name="residual">Of <see cref="EpilogueKind.AddResidual"/>.</param>
    /// <param name="layout">Of destination and residual.</param>
    /// <param name="offset">Of int8 codes.</param>
    /// <remarks>Where <see cref="EpilogueKind.AddResidual"/> adds up sums has to be said besides.</remarks>
    public static LinearOutput Output(EpilogueKind kind, void* destination, float* residual, PanelLayout layout, byte offset)
    {
        Codes Int8() => new((nint)destination, CodeWidth.Int8, new QuantizationParameters(0.01f), layout, offset);
        Codes Int16() => new((nint)destination, CodeWidth.Int16, new QuantizationParameters(5e-5f), layout);
        return kind switch
        {
            EpilogueKind.Float => LinearOutput.Float((float*)destination, layout),
            EpilogueKind.AddResidual => LinearOutput.AddResidual((int*)destination, residual, layout, gridScale: 16_384),
            EpilogueKind.QuantizeInt8 => LinearOutput.Quantize(Int8()),
            EpilogueKind.GeluQuantizeInt8 => LinearOutput.Gelu(Int8()),
            EpilogueKind.GeluQuantizeInt16 => LinearOutput.Gelu(Int16()),
            _ => LinearOutput.Tanh(Int16()),
        };
    }

    /// <summary>What the sums of a row are before.</summary>
    public static RowSums SumsBefore(int row) => new(row + 1, -row);

    /// <summary>What they must be afterwards.</summary>
    /// <param name="rows">Rows that have sums.</param>
    /// <param name="stored">Every r_fix stored, and its row; none unless the kind is <see cref="EpilogueKind.AddResidual"/>.</param>
    public static RowSums[] SumsAfter(int rows, IEnumerable<(int Row, int Value)> stored)
    {
        RowSums[] sums = [.. Enumerable.Range(0, rows).Select(SumsBefore)];
        foreach (var (row, value) in stored) sums[row] += new RowSums(value, (long)value * value);
        return sums;
    }

    /// <summary>Stores element <paramref name="i"/>.</summary>
    public static void Store(in LinearOutput output, nint i, float y)
    {
        var destination = output.Destination;
        switch (output.Kind)
        {
            case EpilogueKind.Float: ((float*)destination)[i] = y; break;
            case EpilogueKind.AddResidual: ((int*)destination)[i] = IntegerLayerNorm.ToFixed(y + output.Residual[i], output.GridScale); break;
            case EpilogueKind.QuantizeInt8: ((sbyte*)destination)[i] = (sbyte)(AffineQuantizer.Quantize(y, output.InverseScale) + output.CodeOffset); break;
            case EpilogueKind.GeluQuantizeInt8: ((sbyte*)destination)[i] = (sbyte)(AffineQuantizer.Quantize(ElementwiseFunctions.Gelu(y), output.InverseScale) + output.CodeOffset); break;
            case EpilogueKind.GeluQuantizeInt16: ((short*)destination)[i] = AffineQuantizer.QuantizeInt16(ElementwiseFunctions.Gelu(y), output.InverseScale); break;
            default: ((short*)destination)[i] = AffineQuantizer.QuantizeInt16(ElementwiseFunctions.Tanh(y), output.InverseScale); break;
        }
    }
}
