namespace QatKit.Export.Onnx;

/// <summary>One axis of a graph input or output: a fixed size, or a name whose size a caller chooses.</summary>
public readonly record struct OnnxDimension
{
    private OnnxDimension(long? size, string? name)
    {
        Size = size;
        Name = name;
    }

    /// <summary>The size, where it is fixed.</summary>
    public long? Size { get; }

    /// <summary>The axis' name, where the size is free.</summary>
    public string? Name { get; }

    /// <summary>A fixed size.</summary>
    public static implicit operator OnnxDimension(long size) => FromInt64(size);

    /// <summary>A free axis; equal names mean equal sizes.</summary>
    public static implicit operator OnnxDimension(string name) => FromString(name);

    /// <summary>A fixed size.</summary>
    public static OnnxDimension FromInt64(long size) => new(size, null);

    /// <summary>A free axis; equal names mean equal sizes.</summary>
    public static OnnxDimension FromString(string name) => new(null, name);

    /// <summary>The size or the name.</summary>
    public override string ToString() => Name ?? FormattableString.Invariant($"{Size}");
}
