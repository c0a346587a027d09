using QatKit.Core.Graph;

namespace QatKit.Comparison.Onnx;

/// <summary>Weights of linear layers that read the same input, side by side in the layout of ONNX: [K, N] with N = Σ out.</summary>
internal sealed class OpponentWeightTable(params QuantizedLinear[] layers)
{
    /// <summary>K.</summary>
    public int Inputs => layers[0].In;

    /// <summary>N.</summary>
    public int Outputs { get; } = layers.Sum(l => l.Out);

    /// <summary>True when every layer has int8 codes.</summary>
    public bool IsInt8 => layers.All(l => l.Width == CodeWidth.Int8);

    /// <summary>[N].</summary>
    public float[] Bias() => [.. layers.SelectMany(l => l.Bias)];

    /// <summary>Real values <c>code · scale</c>, [K, N].</summary>
    public float[] Values() => Transpose((l, i) => (l.Int8Weight is { } int8 ? int8[i] : l.Int16Weight![i]) * l.WeightScale[i / l.In]);

    /// <summary>Signed codes, [K, N], and the scale of each column, [N].</summary>
    /// <param name="sevenBits">Halve the codes: without VNNI ONNX Runtime adds two products in 16 bits, which whole codes overflow.</param>
    public (sbyte[] Codes, float[] Scales) SignedCodes(bool sevenBits) => sevenBits
        ? (Transpose((l, i) => (sbyte)MathF.Round(l.Int8Weight![i] / 2f)), Scales(2))
        : (Transpose((l, i) => l.Int8Weight![i]), Scales(1));

    /// <summary>Codes + 128, [K, N], and the scale of each column, [N].</summary>
    public (byte[] Codes, float[] Scales) UnsignedCodes() => (Transpose((l, i) => (byte)(l.Int8Weight![i] + 128)), Scales(1));

    private float[] Scales(float factor) => [.. layers.SelectMany(l => l.WeightScale).Select(s => s * factor)];

    // Element i of a layer's own [out, in] goes to its column of the table.
    private T[] Transpose<T>(Func<QuantizedLinear, int, T> element)
    {
        var table = new T[Inputs * Outputs];
        var first = 0;
        foreach (var layer in layers)
        {
            for (var n = 0; n < layer.Out; n++)
            {
                for (var k = 0; k < Inputs; k++) table[k * Outputs + first + n] = element(layer, n * Inputs + k);
            }

            first += layer.Out;
        }

        return table;
    }
}
