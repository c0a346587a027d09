using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>Constants of one LayerNorm, prepared at load.</summary>
internal sealed unsafe class PackedLayerNorm
{
    public PackedLayerNorm(QuantizedLayerNorm norm, int hidden, double epsilon)
    {
        Name = norm.Name;
        Hidden = hidden;
        GridScale = IntegerLayerNorm.GridScale(norm.Exponent);
        EpsilonTerm = IntegerLayerNorm.EpsilonTerm(epsilon, hidden, norm.Exponent);
        Gamma = Copy(norm.Gamma);
        Beta = Copy(norm.Beta);
    }

    public string Name { get; }

    /// <summary>H.</summary>
    public int Hidden { get; }

    /// <summary>2^k.</summary>
    public float GridScale { get; }

    /// <summary>e = eps·H²·4^k.</summary>
    public float EpsilonTerm { get; }

    /// <summary>[H].</summary>
    public AlignedBuffer Gamma { get; }

    /// <summary>[H].</summary>
    public AlignedBuffer Beta { get; }

    /// <summary>Statistics of a row of which these are the sums.</summary>
    public RowStatistics StatisticsOf(RowSums sums) => new(sums.S1, IntegerLayerNorm.ReciprocalStd(sums.S1, sums.S2, Hidden, EpsilonTerm));

    private static AlignedBuffer Copy(float[] values)
    {
        var buffer = new AlignedBuffer(values.Length * sizeof(float));
        values.CopyTo(new Span<float>(buffer.Pointer, values.Length));
        return buffer;
    }
}
