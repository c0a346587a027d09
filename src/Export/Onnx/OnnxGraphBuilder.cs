using System.Reflection;
using System.Runtime.InteropServices;
using Google.Protobuf;
using QatKit.Core.Diagnostics;
using QatKit.Core.Files;
using QatKit.Export.Onnx.Schema;

namespace QatKit.Export.Onnx;

/// <summary>Puts an ONNX model together, node by node, and writes it.</summary>
/// <remarks>Values are strings: an initializer, an input or a node gives its name to the nodes that read it. Nodes are written in
/// the order in which they were added, which ONNX wants to be topological.</remarks>
public sealed class OnnxGraphBuilder
{
    private readonly ModelProto _model;
    private readonly HashSet<string> _values = new(StringComparer.Ordinal), _nodes = new(StringComparer.Ordinal);
    private long _tensorBytes;

    /// <summary>Starts a model.</summary>
    /// <param name="name">The graph's name.</param>
    /// <param name="irVersion">Version of the file format.</param>
    /// <param name="opset">Version of the standard operators.</param>
    public OnnxGraphBuilder(string name, int irVersion, int opset)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        _model = new ModelProto
        {
            IrVersion = irVersion,
            ProducerName = "QatKit",
            ProducerVersion = typeof(OnnxGraphBuilder).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
            Graph = new GraphProto { Name = name },
        };
        Opset("", opset);
    }

    /// <summary>Protobuf messages end at 2 GiB; a little is left for names and nodes.</summary>
    internal long MaxTensorBytes { get; init; } = int.MaxValue - (64L << 20);

    /// <summary>Declares the version of another operator domain, for example <c>com.microsoft</c> 1.</summary>
    public OnnxGraphBuilder Opset(string domain, int version)
    {
        _model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = version });
        return this;
    }

    /// <summary>Adds a text to the model's metadata.</summary>
    public OnnxGraphBuilder Metadata(string key, string value)
    {
        _model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        return this;
    }

    /// <summary>Declares an input of the model.</summary>
    /// <returns><paramref name="name"/>.</returns>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public string Input(string name, OnnxElementType type, params ReadOnlySpan<OnnxDimension> shape)
    {
        _model.Graph.Input.Add(ValueInfo(NewValue(name), type, shape));
        return name;
    }

    /// <summary>Declares a value as an output of the model.</summary>
    public void Output(string name, OnnxElementType type, params ReadOnlySpan<OnnxDimension> shape) =>
        _model.Graph.Output.Add(ValueInfo(name, type, shape));

    /// <summary>Adds a constant tensor of float, byte, sbyte, short, int, long or bool; an empty shape is a scalar.</summary>
    /// <returns><paramref name="name"/>.</returns>
    /// <exception cref="ArgumentException">The name is taken, the shape does not fit the values, or their type is not one of those.</exception>
    /// <exception cref="QatKitException">QK4301: the model is larger than an ONNX file can be.</exception>
    public string Initializer<T>(string name, ReadOnlySpan<long> shape, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var type = OnnxElementTypes.Of<T>();
        var count = 1L;
        foreach (var size in shape) count = checked(count * size);
        if (count != values.Length)
            throw new ArgumentException($"Tensor '{name}' has {count} elements by its shape but {values.Length} values.", nameof(shape));
        _tensorBytes += count * type.Size();
        if (_tensorBytes > MaxTensorBytes)
            throw new QatKitException("QK4301", name, $"with this tensor the model has {_tensorBytes} bytes of weights; an ONNX file holds at most {MaxTensorBytes}. Export a smaller model, or INT8 instead of float.");
        var tensor = new TensorProto { Name = NewValue(name), DataType = (int)type, RawData = LittleEndian(values, type.Size()) };
        foreach (var size in shape) tensor.Dims.Add(size);
        _model.Graph.Initializer.Add(tensor);
        return name;
    }

    /// <summary>Adds a node with one output, whose name is the node's.</summary>
    /// <param name="operation">The operator, for example <c>MatMul</c>.</param>
    /// <param name="name">Name of the node and of its output.</param>
    /// <param name="inputs">Values that it reads; an empty name leaves an optional input out.</param>
    /// <param name="attributes">Its constants.</param>
    /// <param name="domain">The operator's domain; empty for standard operators.</param>
    /// <returns><paramref name="name"/>.</returns>
    /// <exception cref="ArgumentException">The name is taken, or an input is not known yet.</exception>
    public string Node(string operation, string name, IReadOnlyList<string> inputs, IReadOnlyList<OnnxAttribute>? attributes = null, string domain = "")
    {
        Node(operation, name, inputs, [name], attributes, domain);
        return name;
    }

    /// <summary>Adds a node with several outputs; an empty name leaves an optional output out.</summary>
    /// <exception cref="ArgumentException">A name is taken, or an input is not known yet.</exception>
    public void Node(
        string operation, string name, IReadOnlyList<string> inputs, IReadOnlyList<string> outputs, IReadOnlyList<OnnxAttribute>? attributes = null, string domain = "")
    {
        ArgumentException.ThrowIfNullOrEmpty(operation);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        if (!_nodes.Add(name)) throw new ArgumentException($"The node name '{name}' is taken.", nameof(name));
        foreach (var input in inputs)
            if (input.Length > 0 && !_values.Contains(input)) throw new ArgumentException($"Node '{name}' reads '{input}', which is not known yet.", nameof(inputs));
        var node = new NodeProto { OpType = operation, Name = name, Domain = domain };
        node.Input.Add(inputs);
        foreach (var output in outputs) node.Output.Add(output.Length == 0 ? "" : NewValue(output));
        foreach (var attribute in attributes ?? []) node.Attribute.Add(attribute.Message);
        _model.Graph.Node.Add(node);
    }

    /// <summary>The bytes of the file.</summary>
    public byte[] ToBytes() => _model.ToByteArray();

    /// <summary>Writes the file aside and renames it, so that a failure leaves an older file as it was.</summary>
    /// <exception cref="QatKitException">QK4008: the file cannot be written.</exception>
    public void Write(string path) => AtomicFile.Write(path, WriteTo);

    /// <summary>Writes the bytes of the file.</summary>
    public void WriteTo(Stream stream) => _model.WriteTo(stream);

    private static ValueInfoProto ValueInfo(string name, OnnxElementType type, ReadOnlySpan<OnnxDimension> shape)
    {
        var axes = new TensorShapeProto();
        foreach (var d in shape)
            axes.Dim.Add(d.Name is null ? new TensorShapeProto.Types.Dimension { DimValue = d.Size ?? 0 } : new TensorShapeProto.Types.Dimension { DimParam = d.Name });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = axes } } };
    }

    private static ByteString LittleEndian<T>(ReadOnlySpan<T> values, int size)
        where T : unmanaged
    {
        var bytes = MemoryMarshal.AsBytes(values).ToArray();
        if (!BitConverter.IsLittleEndian)
            for (var i = 0; i < bytes.Length; i += size) bytes.AsSpan(i, size).Reverse();
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    private string NewValue(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return _values.Add(name) ? name : throw new ArgumentException($"The value name '{name}' is taken.", nameof(name));
    }
}
