namespace QatKit.Export.Onnx;

/// <summary>Facts about element types.</summary>
internal static class OnnxElementTypes
{
    /// <summary>The type of a C# value type.</summary>
    /// <exception cref="ArgumentException">ONNX tensors of <typeparamref name="T"/> are not written.</exception>
    public static OnnxElementType Of<T>() where T : unmanaged => default(T) switch
    {
        float => OnnxElementType.Float,
        byte => OnnxElementType.UInt8,
        sbyte => OnnxElementType.Int8,
        short => OnnxElementType.Int16,
        int => OnnxElementType.Int32,
        long => OnnxElementType.Int64,
        bool => OnnxElementType.Bool,
        _ => throw new ArgumentException($"{typeof(T)} is not an element type of the tensors written here."),
    };

    /// <summary>Bytes of one element; 0 for a type that QatKit does not know.</summary>
    public static int Size(this OnnxElementType type) => type switch
    {
        OnnxElementType.Bool or OnnxElementType.UInt8 or OnnxElementType.Int8 => 1,
        OnnxElementType.Int16 => 2,
        OnnxElementType.Float or OnnxElementType.Int32 => 4,
        OnnxElementType.Int64 => 8,
        _ => 0,
    };
}
