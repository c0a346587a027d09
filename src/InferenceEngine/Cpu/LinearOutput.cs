namespace QatKit.InferenceEngine.Cpu;

/// <summary>What happens to <c>y = fma((float)acc, m[n], bias[n])</c> while it is in registers.</summary>
internal enum EpilogueKind
{
    /// <summary>Store y as float32.</summary>
    Float,

    /// <summary>Store <c>y + residual</c> as float32.</summary>
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

/// <summary>Destination of a linear layer, row-major [rows, N].</summary>
internal readonly unsafe struct LinearOutput
{
    private LinearOutput(EpilogueKind kind, void* destination, int stride, float* residual, float inverseScale)
    {
        Kind = kind;
        Destination = destination;
        Stride = stride;
        Residual = residual;
        InverseScale = inverseScale;
    }

    public EpilogueKind Kind { get; }

    /// <summary>float, sbyte or short elements, by <see cref="Kind"/>.</summary>
    public void* Destination { get; }

    /// <summary>Elements from one row to the next, in the destination and in the residual.</summary>
    public int Stride { get; }

    /// <summary>The residual of <see cref="EpilogueKind.AddResidual"/>; may be the destination.</summary>
    public float* Residual { get; }

    /// <summary>1 / scale of the codes.</summary>
    public float InverseScale { get; }

    public static LinearOutput Float(float* destination, int stride) => new(EpilogueKind.Float, destination, stride, null, 0);

    public static LinearOutput AddResidual(float* destination, float* residual, int stride) =>
        new(EpilogueKind.AddResidual, destination, stride, residual, 0);

    public static LinearOutput Int8(sbyte* destination, int stride, float inverseScale) =>
        new(EpilogueKind.QuantizeInt8, destination, stride, null, inverseScale);

    public static LinearOutput GeluInt8(sbyte* destination, int stride, float inverseScale) =>
        new(EpilogueKind.GeluQuantizeInt8, destination, stride, null, inverseScale);

    public static LinearOutput GeluInt16(short* destination, int stride, float inverseScale) =>
        new(EpilogueKind.GeluQuantizeInt16, destination, stride, null, inverseScale);

    public static LinearOutput TanhInt16(short* destination, int stride, float inverseScale) =>
        new(EpilogueKind.TanhQuantizeInt16, destination, stride, null, inverseScale);
}
