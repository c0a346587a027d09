using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>What happens to <c>y = fma((float)acc, m[n], bias[n])</c> while it is in registers.</summary>
internal enum EpilogueKind
{
    /// <summary>Store y as float32.</summary>
    Float,

    /// <summary>Store r_fix of <c>y + residual</c> as int32, for the LayerNorm that follows, and add it to the sums of its row.</summary>
    AddResidual,

    /// <summary>Store <c>quantize(y)</c> as int8.</summary>
    QuantizeInt8,

    /// <summary>Store <c>quantize(gelu(y))</c> as int8.</summary>
    GeluQuantizeInt8,

    /// <summary>Store <c>quantize(gelu(y))</c> as int16.</summary>
    GeluQuantizeInt16,

    /// <summary>Store <c>quantize(tanh(y))</c> as int16.</summary>
    TanhQuantizeInt16,
}

/// <summary>Destination of a linear layer, [rows, N].</summary>
internal readonly unsafe struct LinearOutput
{
    private LinearOutput(EpilogueKind kind, void* destination, PanelLayout layout, float* residual)
    {
        Kind = kind;
        Destination = destination;
        Layout = layout;
        Residual = residual;
    }

    private LinearOutput(EpilogueKind kind, Codes codes)
        : this(kind, (void*)codes.Pointer, codes.Layout, null)
    {
        InverseScale = codes.Quantizer.InverseScale;
        CodeOffset = codes.Offset;
    }

    public EpilogueKind Kind { get; }

    /// <summary>float, int, sbyte or short elements, by <see cref="Kind"/>.</summary>
    public void* Destination { get; }

    /// <summary>Where the elements of the destination and of the residual lie.</summary>
    public PanelLayout Layout { get; }

    /// <summary>The residual of <see cref="EpilogueKind.AddResidual"/>; may be the destination.</summary>
    public float* Residual { get; }

    /// <summary>2^k of the LayerNorm after <see cref="EpilogueKind.AddResidual"/>.</summary>
    public float GridScale { get; private init; }

    /// <summary>Sums of rows, [rows], to which <see cref="EpilogueKind.AddResidual"/> adds what it stores: each worker has its own.</summary>
    public RowSums* Sums { get; init; }

    /// <summary>1 / scale of the codes.</summary>
    public float InverseScale { get; }

    /// <summary>See <see cref="Codes.Offset"/>.</summary>
    public byte CodeOffset { get; }

    public static LinearOutput Float(float* destination, PanelLayout layout) => new(EpilogueKind.Float, destination, layout, null);

    /// <summary>r_fix of a residual sum, on the grid of the LayerNorm that follows.</summary>
    public static LinearOutput AddResidual(int* destination, float* residual, PanelLayout layout, float gridScale) =>
        new(EpilogueKind.AddResidual, destination, layout, residual) { GridScale = gridScale };

    /// <summary>int8 codes.</summary>
    public static LinearOutput Quantize(Codes codes) => new(EpilogueKind.QuantizeInt8, codes);

    /// <summary>Codes of either width.</summary>
    public static LinearOutput Gelu(Codes codes) => new(codes.Width == CodeWidth.Int8 ? EpilogueKind.GeluQuantizeInt8 : EpilogueKind.GeluQuantizeInt16, codes);

    /// <summary>int16 codes.</summary>
    public static LinearOutput Tanh(Codes codes) => new(EpilogueKind.TanhQuantizeInt16, codes);
}
