using System.Buffers.Binary;
using System.Text;

namespace QatKit.InferenceEngine.Tests.Cuda.Compilation;

/// <summary>What the tests read of a cubin, a 64-bit ELF image.</summary>
internal static class Cubin
{
    // Attributes of section .nv.info.KERNEL: format and id, one byte each, then two bytes of value, or of length with the value behind.
    private const byte SizedFormat = 4, ParameterInfo = 0x17;

    /// <summary>A parameter of a kernel as the cubin describes it to the driver.</summary>
    /// <param name="Ordinal">Place in the list.</param>
    /// <param name="Offset">Where it lies, counted from the first.</param>
    /// <param name="Bytes">Size.</param>
    internal sealed record Parameter(int Ordinal, int Offset, int Bytes);

    /// <summary>The parameters of a kernel, in order.</summary>
    public static IReadOnlyList<Parameter> Parameters(byte[] image, string kernel)
    {
        var section = Section(image, ".nv.info." + kernel);
        var found = new List<Parameter>();
        for (var at = 0; at + 4 <= section.Length;)
        {
            var (format, id, value) = (section[at], section[at + 1], Short(section, at + 2));
            at += 4;
            // Index, ordinal and offset, then flags with the size from bit 18 on.
            if (format == SizedFormat && id == ParameterInfo)
                found.Add(new(Short(section, at + 4), Short(section, at + 6), (int)(BinaryPrimitives.ReadUInt32LittleEndian(section[(at + 8)..]) >> 18)));
            if (format == SizedFormat) at += value;
        }

        return [.. found.OrderBy(p => p.Ordinal)];
    }

    /// <summary>The accesses to global memory of a kernel in the order of its code, and WAIT for <c>griddepcontrol.wait</c>. Instructions of
    /// compute capability 7.0 to 9.0: 16 bytes, the operation in the lowest 12 bits, the width of an access in bits 73 to 75,
    /// what is done to a cache in bits 87 to 89.</summary>
    public static IReadOnlyList<string> MemoryAccesses(byte[] image, string kernel)
    {
        var code = Section(image, ".text." + kernel);
        var found = new List<string>();
        for (var at = 0; at < code.Length; at += 16)
        {
            var name = (Short(code, at) & 0xFFF) switch { 0x981 => "LDG", 0x986 => "STG", 0x98F when (Short(code, at + 10) >> 7 & 7) == 1 => "PREFETCH", 0x82E => "WAIT", _ => null };
            if (name is "LDG" or "STG") name += (Short(code, at + 8) >> 9 & 7) switch { 4 => ".32", 5 => ".64", 6 => ".128", _ => ".small" };
            if (name is not null) found.Add(name);
        }

        return found;
    }

    private static ReadOnlySpan<byte> Section(ReadOnlySpan<byte> image, string name)
    {
        const int offsetInHeader = 0x18, sizeInHeader = 0x20; // the low halves of 64-bit fields
        int table = Int(image, 0x28), headerBytes = Short(image, 0x3A), count = Short(image, 0x3C), names = Short(image, 0x3E);
        var nameTable = image[Int(image[(table + names * headerBytes)..], offsetInHeader)..];
        for (var s = 0; s < count; s++)
        {
            var header = image.Slice(table + s * headerBytes, headerBytes);
            var text = nameTable[Int(header, 0)..];
            if (Encoding.ASCII.GetString(text[..text.IndexOf((byte)0)]) == name) return image.Slice(Int(header, offsetInHeader), Int(header, sizeInHeader));
        }

        throw new InvalidOperationException($"The cubin has no section {name}.");
    }

    private static int Int(ReadOnlySpan<byte> bytes, int at) => checked((int)BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]));

    private static int Short(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
}
