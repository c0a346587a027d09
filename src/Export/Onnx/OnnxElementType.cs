namespace QatKit.Export.Onnx;

/// <summary>Element types of ONNX tensors, with the numbers of the published schema.</summary>
public enum OnnxElementType
{
    /// <summary>No type.</summary>
    Undefined = 0,

    /// <summary>float32.</summary>
    Float = 1,

    /// <summary>Unsigned 8-bit integer.</summary>
    UInt8 = 2,

    /// <summary>Signed 8-bit integer.</summary>
    Int8 = 3,

    /// <summary>Signed 16-bit integer.</summary>
    Int16 = 5,

    /// <summary>Signed 32-bit integer.</summary>
    Int32 = 6,

    /// <summary>Signed 64-bit integer.</summary>
    Int64 = 7,

    /// <summary>One byte each, 0 or 1.</summary>
    Bool = 9,
}
