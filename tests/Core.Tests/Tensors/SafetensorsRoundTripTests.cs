using CsCheck;
using QatKit.Core.Diagnostics;
using QatKit.Core.Tensors;
using QatKit.TestKit;

namespace QatKit.Core.Tests.Tensors;

public sealed class SafetensorsRoundTripTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string FilePath => _folder.Combine("t.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_type_comes_back_with_its_bits()
    {
        var floats = new[] { 1.5f, -0f, float.NaN, float.PositiveInfinity, float.Epsilon, -3f };
        var writer = new SafetensorsWriter();
        writer.SetMetadata("format", "pt");
        writer.Add("a.bytes", [3], new byte[] { 0, 128, 255 });
        writer.Add("f", [2, 3], floats);
        writer.Add("i8", [1, 2], new sbyte[] { -128, 127 });
        writer.Add("i16", [2], new short[] { -32768, 32767 });
        writer.Add("i64", [], new[] { long.MinValue });
        writer.Add("empty", [0, 7], Array.Empty<float>());
        writer.Write(FilePath);

        using var file = SafetensorsFile.Open(FilePath);
        Assert.Equal(["a.bytes", "empty", "f", "i16", "i64", "i8"], file.Names);
        Assert.Equal("pt", Assert.Single(file.Metadata).Value);
        Assert.Equal([2L, 3L], file.Info("f").Shape);
        Assert.Equal(floats.Select(BitConverter.SingleToUInt32Bits), file.ReadFloat32("f").Select(BitConverter.SingleToUInt32Bits));
        Assert.Equal([0, 128, 255], file.ReadUInt8("a.bytes"));
        Assert.Equal([-128, 127], file.ReadInt8("i8"));
        Assert.Equal([-32768, 32767], file.ReadInt16("i16"));
        Assert.Equal([long.MinValue], file.ReadInt64("i64"));
        Assert.Empty(file.ReadFloat32("empty"));
    }

    [Fact]
    public void Half_and_bfloat16_widen_to_float32()
    {
        // 1.5 and -2 in both formats; the largest bfloat16 and the smallest denormal half.
        SafetensorsBytes.Write(
            FilePath,
            """{"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},"b":{"dtype":"BF16","shape":[3],"data_offsets":[6,12]}}""",
            [0x00, 0x3E, 0x00, 0xC0, 0x01, 0x00, 0xC0, 0x3F, 0x00, 0xC0, 0x7F, 0x7F]);
        using var file = SafetensorsFile.Open(FilePath);
        Assert.Equal([1.5f, -2f, MathF.Pow(2, -24)], file.ReadFloat32("h"));
        Assert.Equal([1.5f, -2f, 3.3895314e38f], file.ReadFloat32("b"));
    }

    [Fact]
    public void Bytes_do_not_depend_on_the_order_of_calls_and_tensors_are_aligned()
    {
        byte[] Bytes(params int[] order)
        {
            var writer = new SafetensorsWriter();
            Action[] add =
            [
                () => writer.Add("x", [3], new sbyte[] { 1, 2, 3 }),
                () => writer.Add("b", [2], new[] { 1f, 2f }),
                () => writer.Add("a", [1], new[] { 3f }),
                () => writer.Add("n", [1], new[] { 9L }),
            ];
            foreach (var i in order) add[i]();
            using var stream = new MemoryStream();
            writer.Write(stream);
            return stream.ToArray();
        }

        var bytes = Bytes(0, 1, 2, 3);
        Assert.Equal(bytes, Bytes(3, 1, 0, 2));
        Assert.Equal(0, BitConverter.ToInt64(bytes) % 8);
        File.WriteAllBytes(FilePath, bytes);
        using var file = SafetensorsFile.Open(FilePath);
        Assert.Equal(["n", "a", "b", "x"], file.Names.OrderBy(n => file.Info(n).Begin));
        Assert.Equal([0L, 8L, 12L, 20L], file.Names.Select(n => file.Info(n).Begin).Order());
    }

    [Fact]
    public void Any_set_of_tensors_comes_back()
    {
        var name = Gen.String[Gen.Char["abc.\"\\é漢 "], 1, 6];
        var tensor = Gen.Select(name, Gen.Float.Array[0, 20], (n, v) => (Name: n, Values: v));
        tensor.Array[0, 6].Sample(
            tensors =>
            {
                var writer = new SafetensorsWriter();
                var distinct = tensors.DistinctBy(t => t.Name).ToList();
                foreach (var (n, v) in distinct) writer.Add(n, [v.Length], v);
                var path = _folder.Combine($"{Guid.NewGuid():N}");
                writer.Write(path);
                using var file = SafetensorsFile.Open(path);
                return file.Names.Count == distinct.Count
                    && distinct.All(t => file.ReadFloat32(t.Name).AsSpan().SequenceEqual(t.Values)
                        || t.Values.Any(float.IsNaN));
            },
            iter: 200);
    }

    [Fact]
    public void A_failing_write_leaves_the_older_file_and_nothing_else()
    {
        File.WriteAllText(FilePath, "old");
        var error = Assert.Throws<QatKitException>(() => Files.AtomicFile.Write(FilePath, stream =>
        {
            stream.WriteByte(1);
            throw new IOException("No space left on device.");
        }));
        Assert.Equal($"QK4008 {FilePath}: the file cannot be written: No space left on device. Check the folder's rights and the free space.", error.Message);
        Assert.Equal("old", File.ReadAllText(FilePath));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_name_or_shape_that_cannot_be_is_a_programming_error()
    {
        var writer = new SafetensorsWriter();
        writer.Add("x", [2], new float[2]);
        Assert.Throws<ArgumentException>(() => writer.Add("x", [1], new float[1]));
        Assert.Throws<ArgumentException>(() => writer.Add("y", [2, 2], new float[3]));
        Assert.Throws<ArgumentException>(() => writer.Add("z", [-1, -1], new float[1]));
        Assert.Throws<ArgumentException>(() => writer.Add("__metadata__", [1], new float[1]));
    }
}
