using System.Buffers.Binary;
using System.Text;

namespace QatKit.InferenceEngine.Tests.Cuda.Compilation;

/// <summary>The parameters of a kernel as its cubin describes them to the driver.</summary>
/// <param name="Ordinal">Place in the list.</param>
/// <param name="Offset">Where it lies in the parameter memory, from its start.</param>
/// <param name="Bytes">Size.</param>
internal sealed record CubinParameter(int Ordinal, int Offset, int Bytes)
{
    // Attributes of section .nv.info.KERNEL: format and id, one byte each, then two bytes of value, or of length with the value behind.
    private const byte SizedFormat = 4, ParameterInfo = 0x17;

    /// <summary>Reads the parameters of a kernel from a 64-bit ELF image.</summary>
    public static IReadOnlyList<CubinParameter> Read(ReadOnlySpan<byte> image, string kernel)
    {
        static int Int(ReadOnlySpan<byte> bytes, int at) => checked((int)BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]));
        static int Short(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
        const int nameInHeader = 0, offsetInHeader = 0x18, sizeInHeader = 0x20; // of the low halves of 64-bit fields
        int table = Int(image, 0x28), headerBytes = Short(image, 0x3A), count = Short(image, 0x3C), names = Short(image, 0x3E);
        var nameTable = image[Int(image[(table + names * headerBytes)..], offsetInHeader)..];
        var found = new List<CubinParameter>();
        for (var s = 0; s < count; s++)
        {
            var header = image.Slice(table + s * headerBytes, headerBytes);
            var name = nameTable[Int(header, nameInHeader)..];
            if (Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]) != ".nv.info." + kernel) continue;
            var section = image.Slice(Int(header, offsetInHeader), Int(header, sizeInHeader));
            for (var at = 0; at + 4 <= section.Length;)
            {
                var (format, id, value) = (section[at], section[at + 1], Short(section, at + 2));
                at += 4;
                // Index, ordinal and offset, then flags with the size from bit 18 on.
                if (format == SizedFormat && id == ParameterInfo) found.Add(new(Short(section, at + 4), Short(section, at + 6), (int)(BinaryPrimitives.ReadUInt32LittleEndian(section[(at + 8)..]) >> 18)));
                if (format == SizedFormat) at += value;
            }
        }

        return [.. found.OrderBy(p => p.Ordinal)];
    }
}
