using QatKit.Core.Numerics;

namespace QatKit.Core.Graph;

/// <summary>Width of a linear layer's codes.</summary>
public enum CodeWidth
{
    /// <summary>int8 codes in [-127, 127], int32 accumulation.</summary>
    Int8,

    /// <summary>int16 codes in [-32767, 32767], int64 accumulation: task heads and layers excluded from INT8.</summary>
    Int16,
}

/// <summary>A linear layer over codes: <c>y = fma((float)(X·Wᵀ), s_x·s_w[n], bias[n])</c>.</summary>
/// <remarks>Weight codes are row-major [out, in] with masked weights stored as 0; exactly one of
/// <see cref="Int8Weight"/> and <see cref="Int16Weight"/> is set.</remarks>
public sealed class QuantizedLinear
{
    /// <summary>Module path, for example <c>bert.encoder.layer.0.attention.self.query</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Output features N.</summary>
    public required int Out { get; init; }

    /// <summary>Input features K.</summary>
    public required int In { get; init; }

    /// <summary>Weight codes [out, in], when the layer is int8.</summary>
    public sbyte[]? Int8Weight { get; init; }

    /// <summary>Weight codes [out, in], when the layer is int16.</summary>
    public short[]? Int16Weight { get; init; }

    /// <summary>s_w, [out].</summary>
    public required float[] WeightScale { get; init; }

    /// <summary>Quantizer of the layer's input; per tensor.</summary>
    public required QuantizationParameters Input { get; init; }

    /// <summary>Bias in float32, [out].</summary>
    public required float[] Bias { get; init; }

    /// <summary>The 2:4 mask, when the layer was pruned.</summary>
    public WeightMask? Mask { get; init; }

    /// <summary>Width of the input and weight codes.</summary>
    public CodeWidth Width => Int8Weight is not null ? CodeWidth.Int8 : CodeWidth.Int16;

    /// <summary>The layer's constants, once its weights were packed elsewhere: the same kinds of weights and mask, but empty.</summary>
    internal QuantizedLinear WithoutWeights() => new()
    {
        Name = Name,
        Out = Out,
        In = In,
        Int8Weight = Int8Weight is null ? null : [],
        Int16Weight = Int16Weight is null ? null : [],
        WeightScale = WeightScale,
        Input = Input,
        Bias = Bias,
        Mask = Mask is null ? null : Mask with { Bits = [] },
    };

    /// <summary>m[n] = s_x · s_w[n], [out].</summary>
    public float[] Multipliers()
    {
        var m = new float[Out];
        for (var n = 0; n < Out; n++) m[n] = IntegerGemm.Multiplier(Input.Scale, WeightScale[n]);
        return m;
    }
}
