using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using QatKit.Core.Diagnostics;

namespace QatKit.Core.Tensors;

/// <summary>Reads a safetensors file strictly: the whole header and layout are checked when it is opened, and each tensor
/// is read straight into an array of its own.</summary>
public sealed class SafetensorsFile : IDisposable
{
    private const int ChunkElements = 1 << 24;
    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private readonly bool _ownsHandle;
    private readonly SafetensorsHeader _header;
    private readonly long _dataStart;

    private SafetensorsFile(string path, SafeFileHandle handle, bool ownsHandle, SafetensorsHeader header, long dataStart)
    {
        _path = path;
        _handle = handle;
        _ownsHandle = ownsHandle;
        _header = header;
        _dataStart = dataStart;
        Names = [.. header.Tensors.Keys.Order(StringComparer.Ordinal)];
    }

    /// <summary>Names of all tensors, sorted.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The <c>__metadata__</c> strings.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="QatKitException">QK4001 cannot be read, QK4002 not a safetensors header, QK4003 bad entry,
    /// QK4004 overlap, hole or end outside of the file, QK4005 duplicate name.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path);
            var file = Open(path, handle, ownsHandle: true);
            handle = null; // The file closes it now.
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
        finally
        {
            handle?.Dispose();
        }
    }

    /// <summary>As <see cref="Open(string)"/>, over a file that is already open.</summary>
    internal static SafetensorsFile Open(string path, SafeFileHandle handle, bool ownsHandle)
    {
        var length = RandomAccess.GetLength(handle);
        Span<byte> start = stackalloc byte[8];
        var jsonLength = SafetensorsHeader.JsonLength(path, start[..RandomAccess.Read(handle, start, 0)], length);
        var json = new byte[jsonLength];
        ReadExactly(handle, json, 8, path);
        var header = SafetensorsHeader.Parse(path, json, length - 8 - jsonLength);
        return new SafetensorsFile(path, handle, ownsHandle, header, 8 + jsonLength);
    }

    /// <summary>True when the tensor exists.</summary>
    public bool Contains(string name) => _header.Tensors.ContainsKey(name);

    /// <summary>Type and shape of a tensor.</summary>
    /// <exception cref="QatKitException">QK4006: there is no such tensor.</exception>
    public TensorInfo Info(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _header.Tensors.TryGetValue(name, out var info)
            ? info
            : throw new QatKitException("QK4006", _path, $"there is no tensor '{name}'.{Suggestion.For(name, Names)}");
    }

    /// <summary>Reads an F32, F16 or BF16 tensor as float32, row-major.</summary>
    /// <exception cref="QatKitException">QK4001 read error, QK4006 no such tensor, QK4007 another type or too large for an array.</exception>
    public float[] ReadFloat32(string name)
    {
        var info = Info(name);
        switch (info.Type)
        {
            case TensorType.F16:
                return Array.ConvertAll(Read<Half>(info), h => (float)h);
            case TensorType.BF16:
                return Array.ConvertAll(Read<ushort>(info), b => BitConverter.UInt32BitsToSingle((uint)b << 16));
            default:
                Require(info, TensorType.F32, "F32, F16 or BF16");
                return Read<float>(info);
        }
    }

    /// <summary>Reads an I8 tensor, row-major.</summary>
    /// <exception cref="QatKitException">QK4001 read error, QK4006 no such tensor, QK4007 another type or too large for an array.</exception>
    public sbyte[] ReadInt8(string name) => ReadInt8(name, null);

    /// <summary>Reads an I16 tensor, row-major.</summary>
    /// <exception cref="QatKitException">QK4001 read error, QK4006 no such tensor, QK4007 another type or too large for an array.</exception>
    public short[] ReadInt16(string name) => ReadInt16(name, null);

    /// <summary>Reads a U8 tensor, row-major.</summary>
    /// <exception cref="QatKitException">QK4001 read error, QK4006 no such tensor, QK4007 another type or too large for an array.</exception>
    public byte[] ReadUInt8(string name) => ReadUInt8(name, null);

    /// <summary>Reads an I64 tensor, row-major.</summary>
    /// <exception cref="QatKitException">QK4001 read error, QK4006 no such tensor, QK4007 another type or too large for an array.</exception>
    public long[] ReadInt64(string name) => Read<long>(name, TensorType.I64, null);

    /// <summary>As <see cref="ReadInt8(string)"/>, into an array of <paramref name="memory"/> where there is one.</summary>
    internal sbyte[] ReadInt8(string name, ReusedArrays? memory) => Read<sbyte>(name, TensorType.I8, memory);

    /// <summary>As <see cref="ReadInt16(string)"/>, into an array of <paramref name="memory"/> where there is one.</summary>
    internal short[] ReadInt16(string name, ReusedArrays? memory) => Read<short>(name, TensorType.I16, memory);

    /// <summary>As <see cref="ReadUInt8(string)"/>, into an array of <paramref name="memory"/> where there is one.</summary>
    internal byte[] ReadUInt8(string name, ReusedArrays? memory) => Read<byte>(name, TensorType.U8, memory);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsHandle) _handle.Dispose();
    }

    private T[] Read<T>(string name, TensorType type, ReusedArrays? memory) where T : unmanaged
    {
        var info = Info(name);
        Require(info, type, type.ToString());
        return Read<T>(info, memory);
    }

    private T[] Read<T>(TensorInfo info, ReusedArrays? memory = null) where T : unmanaged
    {
        if (info.Count > Array.MaxLength)
            throw new QatKitException("QK4007", _path, $"tensor '{info.Name}' has {info.Count} elements, more than an array holds ({Array.MaxLength}).");
        var values = memory?.Get<T>((int)info.Count) ?? GC.AllocateUninitializedArray<T>((int)info.Count);
        try
        {
            // In chunks: a span of bytes cannot be longer than 2^31 - 1.
            for (var i = 0; i < values.Length; i += ChunkElements)
            {
                var chunk = values.AsSpan(i, Math.Min(ChunkElements, values.Length - i));
                ReadExactly(_handle, MemoryMarshal.AsBytes(chunk), _dataStart + info.Begin + (long)i * info.Type.Size(), _path);
            }
        }
        catch (IOException e)
        {
            throw Unreadable(_path, e);
        }

        return values;
    }

    private void Require(TensorInfo info, TensorType type, string expected)
    {
        if (info.Type != type)
            throw new QatKitException("QK4007", _path, $"tensor '{info.Name}' has the type {info.Type}, expected {expected}.");
    }

    private static void ReadExactly(SafeFileHandle handle, Span<byte> buffer, long offset, string path)
    {
        while (buffer.Length > 0)
        {
            var read = RandomAccess.Read(handle, buffer, offset);
            if (read == 0) throw new QatKitException("QK4001", path, $"the file ended at byte {offset} while it was read. It was changed meanwhile: read it again.");
            buffer = buffer[read..];
            offset += read;
        }
    }

    private static QatKitException Unreadable(string path, Exception e) => e is FileNotFoundException or DirectoryNotFoundException
        ? new QatKitException("QK4001", path, "the file does not exist.", e)
        : new QatKitException("QK4001", path, $"the file cannot be read: {e.Message}", e);
}
