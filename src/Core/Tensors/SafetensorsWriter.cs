using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using QatKit.Core.Diagnostics;
using QatKit.Core.Files;

namespace QatKit.Core.Tensors;

/// <summary>Writes a safetensors file. The same tensors give the same bytes, whatever the order of the calls.</summary>
/// <remarks>Tensors lie by falling element size, then by name, and the header is padded with blanks to a multiple of 8:
/// every tensor is aligned to its element size.</remarks>
public sealed class SafetensorsWriter
{
    private const int ChunkBytes = 1 << 20;
    private readonly Dictionary<string, (TensorType Type, long[] Shape, Array Values)> _tensors = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);

    /// <summary>Sets a <c>__metadata__</c> string.</summary>
    public void SetMetadata(string key, string value) => _metadata[key] = value;

    /// <summary>Adds an F32 tensor; the array is read when the file is written.</summary>
    /// <exception cref="ArgumentException">The name is taken, or the shape does not fit the values.</exception>
    public void Add(string name, IReadOnlyList<long> shape, float[] values) => Add(name, shape, values, TensorType.F32);

    /// <summary>Adds an I8 tensor; the array is read when the file is written.</summary>
    /// <exception cref="ArgumentException">The name is taken, or the shape does not fit the values.</exception>
    public void Add(string name, IReadOnlyList<long> shape, sbyte[] values) => Add(name, shape, values, TensorType.I8);

    /// <summary>Adds an I16 tensor; the array is read when the file is written.</summary>
    /// <exception cref="ArgumentException">The name is taken, or the shape does not fit the values.</exception>
    public void Add(string name, IReadOnlyList<long> shape, short[] values) => Add(name, shape, values, TensorType.I16);

    /// <summary>Adds a U8 tensor; the array is read when the file is written.</summary>
    /// <exception cref="ArgumentException">The name is taken, or the shape does not fit the values.</exception>
    public void Add(string name, IReadOnlyList<long> shape, byte[] values) => Add(name, shape, values, TensorType.U8);

    /// <summary>Adds an I64 tensor; the array is read when the file is written.</summary>
    /// <exception cref="ArgumentException">The name is taken, or the shape does not fit the values.</exception>
    public void Add(string name, IReadOnlyList<long> shape, long[] values) => Add(name, shape, values, TensorType.I64);

    /// <summary>Writes the file aside and renames it, so that a failure leaves an older file as it was.</summary>
    /// <exception cref="QatKitException">QK4008: the file cannot be written.</exception>
    public void Write(string path) => AtomicFile.Write(path, Write);

    /// <summary>Writes to a stream.</summary>
    public void Write(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var ordered = _tensors.OrderByDescending(t => t.Value.Type.Size()).ThenBy(t => t.Key, StringComparer.Ordinal).ToList();
        var header = new ArrayBufferWriter<byte>();
        WriteHeader(header, ordered);
        var padding = -header.WrittenCount & 7;
        header.GetSpan(padding)[..padding].Fill((byte)' ');
        header.Advance(padding);

        Span<byte> length = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(length, header.WrittenCount);
        stream.Write(length);
        stream.Write(header.WrittenSpan);
        foreach (var (_, tensor) in ordered) WriteValues(stream, tensor.Values, tensor.Type.Size());
    }

    private void WriteHeader(ArrayBufferWriter<byte> buffer, List<KeyValuePair<string, (TensorType Type, long[] Shape, Array Values)>> ordered)
    {
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        if (_metadata.Count > 0)
        {
            json.WriteStartObject("__metadata__");
            foreach (var (key, value) in _metadata) json.WriteString(key, value);
            json.WriteEndObject();
        }

        var offset = 0L;
        foreach (var (name, (type, shape, values)) in ordered)
        {
            json.WriteStartObject(name);
            json.WriteString("dtype", type.ToString());
            json.WriteStartArray("shape");
            foreach (var size in shape) json.WriteNumberValue(size);
            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(offset);
            offset += values.LongLength * type.Size();
            json.WriteNumberValue(offset);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteValues(Stream stream, Array values, int size)
    {
        var total = values.LongLength * size;
        ref var first = ref MemoryMarshal.GetArrayDataReference(values);
        for (var i = 0L; i < total; i += ChunkBytes)
        {
            ref var start = ref System.Runtime.CompilerServices.Unsafe.AddByteOffset(ref first, (nint)i);
            stream.Write(MemoryMarshal.CreateReadOnlySpan(ref start, (int)Math.Min(ChunkBytes, total - i)));
        }
    }

    private void Add(string name, IReadOnlyList<long> shape, Array values, TensorType type)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(values);
        var count = shape.Aggregate(1L, (a, b) => checked(a * b));
        if (count != values.LongLength || shape.Any(s => s < 0))
            throw new ArgumentException($"Tensor '{name}' has the shape [{string.Join(", ", shape)}] but {values.LongLength} values.", nameof(shape));
        if (name == "__metadata__" || !_tensors.TryAdd(name, (type, [.. shape], values)))
            throw new ArgumentException($"The tensor name '{name}' is taken.", nameof(name));
    }
}
