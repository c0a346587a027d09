using System.Runtime.InteropServices;
using Google.Protobuf;
using QatKit.Core.Diagnostics;
using QatKit.Export.Onnx.Schema;

namespace QatKit.Export.Onnx;

/// <summary>An ONNX file in memory, with an index of who makes and who reads each value.</summary>
internal sealed class OnnxModel
{
    private readonly Dictionary<string, TensorProto> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeProto> _producers = new(StringComparer.Ordinal);
    private readonly ILookup<string, NodeProto> _readers;

    private OnnxModel(ModelProto message, string path)
    {
        Message = message;
        Path = path;
        foreach (var tensor in Graph.Initializer) _tensors.TryAdd(tensor.Name, tensor);
        foreach (var node in Graph.Node)
            foreach (var output in node.Output) _producers.TryAdd(output, node);
        _readers = Graph.Node.SelectMany(n => n.Input.Distinct().Select(i => (i, n))).ToLookup(p => p.i, p => p.n);
    }

    public ModelProto Message { get; }

    public GraphProto Graph => Message.Graph;

    /// <summary>The file, for messages.</summary>
    public string Path { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="location">What messages call it; the path when omitted.</param>
    /// <exception cref="QatKitException">QK4001 unreadable, QK4310 not an ONNX model.</exception>
    public static OnnxModel Read(string path, string? location = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        location ??= path;
        try
        {
            return Parse(File.ReadAllBytes(path), location);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new QatKitException("QK4001", location, $"the file cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads the bytes of a file.</summary>
    /// <exception cref="QatKitException">QK4310 not an ONNX model.</exception>
    public static OnnxModel Parse(byte[] content, string location)
    {
        try
        {
            var message = ModelProto.Parser.ParseFrom(content);
            if (message.Graph is null || message.OpsetImport.Count == 0)
                throw new QatKitException("QK4310", location, "the file has no graph or no operator set, so it is no ONNX model. Pass the .onnx file of a model.");
            return new OnnxModel(message, location);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new QatKitException("QK4310", location, $"the file is not an ONNX model: {e.Message} Pass the .onnx file of a model; if it is one, it is damaged: export it again.", e);
        }
    }

    /// <summary>The constant of this name, or null.</summary>
    public TensorProto? Tensor(string name) => _tensors.GetValueOrDefault(name);

    /// <summary>The node that makes a value, or null for inputs and constants.</summary>
    public NodeProto? Producer(string value) => _producers.GetValueOrDefault(value);

    /// <summary>The nodes that read a value.</summary>
    public IEnumerable<NodeProto> Readers(string value) => _readers[value];

    /// <summary>Version of the standard operators, 0 where the file does not say.</summary>
    public long Opset => Message.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx")?.Version ?? 0;

    /// <summary>Values of a constant whose content is little-endian raw data of exactly this type; null for anything else.</summary>
    public T[]? Values<T>(string name)
        where T : unmanaged
    {
        var type = OnnxElementTypes.Of<T>();
        if (Tensor(name) is not { } tensor || tensor.DataType != (int)type || tensor.RawData.Length != Elements(tensor) * type.Size()) return null;
        var bytes = tensor.RawData.ToByteArray();
        if (!BitConverter.IsLittleEndian)
            for (var i = 0; i < bytes.Length; i += type.Size()) bytes.AsSpan(i, type.Size()).Reverse();
        return MemoryMarshal.Cast<byte, T>(bytes).ToArray();
    }

    /// <summary>Number of elements by the tensor's shape; -1 where a size is negative or the product is too large.</summary>
    public static long Elements(TensorProto tensor)
    {
        var count = 1L;
        foreach (var size in tensor.Dims)
        {
            if (size < 0 || (size > 0 && count > int.MaxValue / size)) return -1;
            count *= size;
        }

        return count;
    }
}
