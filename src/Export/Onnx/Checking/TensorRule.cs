using System.Runtime.InteropServices;
using QatKit.Core.Diagnostics;

namespace QatKit.Export.Onnx.Checking;

/// <summary>Every constant lies in the file, in raw data of the size that its shape asks for, and no float of it is NaN or infinite.</summary>
internal static class TensorRule
{
    public static void Check(OnnxModel model, DiagnosticBag problems)
    {
        foreach (var tensor in model.Graph.Initializer)
        {
            var type = (OnnxElementType)tensor.DataType;
            if (type.Size() == 0) Bad(tensor.Name, $"has the element type {tensor.DataType}, which QatKit does not write");
            else if (tensor.ExternalData.Count > 0) Bad(tensor.Name, "lies in another file");
            else if (OnnxModel.Elements(tensor) is var count && (count < 0 || count * type.Size() != tensor.RawData.Length))
                Bad(tensor.Name, $"has the shape [{string.Join(", ", tensor.Dims)}] of {type} but {tensor.RawData.Length} bytes of raw data");
            else if (type == OnnxElementType.Float && NotFinite(tensor.RawData.Span) is var at and >= 0)
                Bad(tensor.Name, $"holds NaN or infinity at element {at}");
        }

        void Bad(string name, string what) => problems.Add("QK4314", $"{model.Path}: {name}", $"the tensor {what}. Export the model again.");
    }

    private static int NotFinite(ReadOnlySpan<byte> raw)
    {
        if (!BitConverter.IsLittleEndian)
        {
            for (var i = 0; i < raw.Length; i += 4)
                if (!float.IsFinite(System.Buffers.Binary.BinaryPrimitives.ReadSingleLittleEndian(raw[i..]))) return i / 4;
            return -1;
        }

        var values = MemoryMarshal.Cast<byte, float>(raw);
        for (var i = 0; i < values.Length; i++) if (!float.IsFinite(values[i])) return i;
        return -1;
    }
}
