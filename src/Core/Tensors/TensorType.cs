namespace QatKit.Core.Tensors;

/// <summary>Element types of a safetensors file; the names are those of the format.</summary>
public enum TensorType
{
    /// <summary>8-bit boolean.</summary>
    BOOL,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>IEEE half precision.</summary>
    F16,

    /// <summary>bfloat16: the upper half of a float32.</summary>
    BF16,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>IEEE single precision.</summary>
    F32,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>IEEE double precision.</summary>
    F64,
}

/// <summary>Names and sizes of element types.</summary>
internal static class TensorTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this TensorType type) => type switch
    {
        TensorType.BOOL or TensorType.U8 or TensorType.I8 => 1,
        TensorType.U16 or TensorType.I16 or TensorType.F16 or TensorType.BF16 => 2,
        TensorType.U32 or TensorType.I32 or TensorType.F32 => 4,
        _ => 8,
    };

    /// <summary>The type of a name, or null when the format has no such type. By hand: reflection over an enum costs a cold start.</summary>
    public static TensorType? Parse(string? name) => name switch
    {
        "BOOL" => TensorType.BOOL,
        "U8" => TensorType.U8,
        "I8" => TensorType.I8,
        "U16" => TensorType.U16,
        "I16" => TensorType.I16,
        "F16" => TensorType.F16,
        "BF16" => TensorType.BF16,
        "U32" => TensorType.U32,
        "I32" => TensorType.I32,
        "F32" => TensorType.F32,
        "U64" => TensorType.U64,
        "I64" => TensorType.I64,
        "F64" => TensorType.F64,
        _ => null,
    };
}
