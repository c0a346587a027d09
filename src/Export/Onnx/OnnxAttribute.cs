using Google.Protobuf;
using QatKit.Export.Onnx.Schema;

namespace QatKit.Export.Onnx;

/// <summary>A named constant of a node.</summary>
public sealed class OnnxAttribute
{
    private OnnxAttribute(AttributeProto message) => Message = message;

    internal AttributeProto Message { get; }

    /// <summary>An integer.</summary>
    public static OnnxAttribute Int(string name, long value) =>
        new(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value });

    /// <summary>A float.</summary>
    public static OnnxAttribute Float(string name, float value) =>
        new(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = value });

    /// <summary>A text.</summary>
    public static OnnxAttribute Text(string name, string value) =>
        new(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.String, S = ByteString.CopyFromUtf8(value) });

    /// <summary>A list of integers.</summary>
    public static OnnxAttribute Ints(string name, params ReadOnlySpan<long> values)
    {
        var message = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        foreach (var value in values) message.Ints.Add(value);
        return new OnnxAttribute(message);
    }
}
