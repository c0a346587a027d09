namespace QatKit.Core.Tensors;

/// <summary>What a safetensors header says about one tensor.</summary>
/// <param name="Name">Name.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">One past the last byte.</param>
public sealed record TensorInfo(string Name, TensorType Type, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>Number of elements.</summary>
    public long Count => (End - Begin) / Type.Size();

    /// <summary>The shape as text, <c>[128, 64]</c>.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";
}
