using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;
using QatKit.Core.Diagnostics;

namespace QatKit.Core.Tensors;

/// <summary>Parses and checks a safetensors header: 8 bytes little-endian length, then a JSON object
/// <c>name -> { dtype, shape, data_offsets: [begin, end] }</c>, then the tensors without gaps.</summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The format's own limit of the JSON part.</summary>
    public const long MaxLength = 100_000_000;

    private const string MetadataKey = "__metadata__";
    private readonly string _path;
    private readonly DiagnosticBag _problems = new();
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private SafetensorsHeader(string path) => _path = path;

    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Length of the JSON part, from the first 8 bytes of the file.</summary>
    /// <exception cref="QatKitException">QK4002: the length is not possible.</exception>
    public static int JsonLength(string path, ReadOnlySpan<byte> start, long fileLength)
    {
        if (start.Length < 8)
            throw new QatKitException("QK4002", path, $"the file has {fileLength} bytes; a safetensors file starts with an 8-byte header length. The file is truncated or of another kind: copy it again.");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (length > MaxLength)
            throw new QatKitException("QK4002", path, $"the header length {length} is over the format's limit of {MaxLength}. The file is damaged or of another kind: copy it again.");
        if ((long)length > fileLength - 8)
            throw new QatKitException("QK4002", path, $"the header needs {length} bytes, the file has {fileLength - 8} after its length. The file is truncated: copy it again.");
        return (int)length;
    }

    /// <summary>Parses the JSON part.</summary>
    /// <param name="path">File name for messages.</param>
    /// <param name="json">The JSON part.</param>
    /// <param name="dataLength">Bytes that follow the header.</param>
    /// <exception cref="QatKitException">Every problem: QK4002 not a header, QK4003 bad entry, QK4004 bad layout, QK4005 duplicate name.</exception>
    public static SafetensorsHeader Parse(string path, ReadOnlyMemory<byte> json, long dataLength)
    {
        var header = new SafetensorsHeader(path);
        header.ParseJson(json);
        // A layout can only be judged when every entry is known.
        if (header._problems.IsEmpty) header.CheckLayout(dataLength);
        header._problems.ThrowIfAny();
        return header;
    }

    private void ParseJson(ReadOnlyMemory<byte> json)
    {
        const string Remedy = "The file is damaged or of another kind: copy it again.";
        if (!Utf8.IsValid(json.Span))
        {
            _problems.Add("QK4002", _path, $"the header is not UTF-8 text. {Remedy}");
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                _problems.Add("QK4002", _path, $"the header is not a JSON object. {Remedy}");
                return;
            }

            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.NameEquals(MetadataKey)) AddMetadata(property.Value);
                else AddTensor(property.Name, property.Value);
            }
        }
        catch (JsonException e)
        {
            _problems.Add("QK4002", _path, $"the header is not valid JSON near line {e.LineNumber + 1}, byte {e.BytePositionInLine}. {Remedy}");
        }
        catch (InvalidOperationException)
        {
            // The only invalid operation left: an escape that is half of a surrogate pair.
            _problems.Add("QK4002", _path, $"the header has a string with an incomplete escaped character. {Remedy}");
        }
    }

    private void AddMetadata(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            _problems.Add("QK4003", _path, "'__metadata__' is not an object of strings.");
            return;
        }

        foreach (var entry in value.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String)
                _problems.Add("QK4003", _path, $"'__metadata__' entry '{entry.Name}' is not a string.");
            else if (!_metadata.TryAdd(entry.Name, entry.Value.GetString()!))
                _problems.Add("QK4005", _path, $"'__metadata__' entry '{entry.Name}' occurs twice.");
        }
    }

    private void AddTensor(string name, JsonElement value)
    {
        // Exactly the three keys: with a count of three, none can occur twice.
        if (value.ValueKind != JsonValueKind.Object
            || value.EnumerateObject().Count() != 3
            || !value.TryGetProperty("dtype", out var dtype)
            || !value.TryGetProperty("shape", out var shape)
            || !value.TryGetProperty("data_offsets", out var offsets))
        {
            _problems.Add("QK4003", _path, $"tensor '{name}' does not have exactly dtype, shape and data_offsets.");
            return;
        }

        if (dtype.ValueKind != JsonValueKind.String || TensorTypes.Parse(dtype.GetString()) is not { } type)
        {
            _problems.Add("QK4003", _path, $"tensor '{name}' has the unsupported dtype {dtype.GetRawText()}. Known: {string.Join(", ", Enum.GetNames<TensorType>())}.");
            return;
        }

        if (Integers(shape) is not { } sizes)
        {
            _problems.Add("QK4003", _path, $"tensor '{name}' has the shape {shape.GetRawText()}, which is not a list of non-negative integers.");
            return;
        }

        if (Integers(offsets) is not [var begin, var end] || begin > end)
        {
            _problems.Add("QK4003", _path, $"tensor '{name}' has the data_offsets {offsets.GetRawText()}, which are not [begin, end] with begin <= end.");
            return;
        }

        if (ByteCount(sizes, type) is not { } bytes)
            _problems.Add("QK4003", _path, $"tensor '{name}' has the shape {shape.GetRawText()}, whose number of bytes does not fit in 63 bits.");
        else if (bytes != end - begin)
            _problems.Add("QK4003", _path, $"tensor '{name}' of type {type} and shape {shape.GetRawText()} needs {bytes} bytes, its data_offsets hold {end - begin}.");
        if (!_tensors.TryAdd(name, new TensorInfo(name, type, sizes, begin, end)))
            _problems.Add("QK4005", _path, $"tensor '{name}' occurs twice.");
    }

    private void CheckLayout(long dataLength)
    {
        var position = 0L;
        var previous = "the header";
        foreach (var tensor in _tensors.Values.OrderBy(t => t.Begin).ThenBy(t => t.End))
        {
            if (tensor.End > dataLength)
                _problems.Add("QK4004", _path, $"tensor '{tensor.Name}' ends at byte {tensor.End}, the file has {dataLength} bytes of data. The file is truncated: copy it again.");
            if (tensor.Begin < position)
                _problems.Add("QK4004", _path, $"tensor '{tensor.Name}' at bytes {tensor.Begin}..{tensor.End} overlaps {previous}, which ends at {position}.");
            else if (tensor.Begin > position)
                _problems.Add("QK4004", _path, $"{tensor.Begin - position} unused bytes lie between {previous} and tensor '{tensor.Name}' at byte {tensor.Begin}.");
            position = Math.Max(position, tensor.End);
            previous = $"tensor '{tensor.Name}'";
        }

        if (position < dataLength)
            _problems.Add("QK4004", _path, $"{dataLength - position} unused bytes follow {previous} at the end of the file.");
    }

    private static long[]? Integers(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Array) return null;
        var values = new List<long>();
        foreach (var item in element.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out var value) || value < 0) return null;
            values.Add(value);
        }

        return [.. values];
    }

    // Bytes of a tensor, or null when the product overflows.
    private static long? ByteCount(long[] shape, TensorType type)
    {
        if (shape.Contains(0)) return 0;
        Int128 bytes = type.Size();
        foreach (var size in shape)
        {
            bytes *= size; // Both factors are below 2^63: the product fits.
            if (bytes > long.MaxValue) return null;
        }

        return (long)bytes;
    }
}
