using QatKit.Core.Diagnostics;
using QatKit.Core.Tensors;
using QatKit.TestKit;

namespace QatKit.Core.Tests.Tensors;

public sealed class SafetensorsErrorTests : IDisposable
{
    private const string Again = "The file is damaged or of another kind: copy it again.";
    private readonly TempFolder _folder = new();

    private string FilePath => _folder.Combine("t.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_missing_file_is_named()
    {
        AssertOpenFails($"QK4001 {FilePath}: the file does not exist.");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void A_file_without_a_header_length_is_refused(int length)
    {
        File.WriteAllBytes(FilePath, new byte[length]);
        AssertOpenFails($"QK4002 {FilePath}: the file has {length} bytes; a safetensors file starts with an 8-byte header length. The file is truncated or of another kind: copy it again.");
    }

    [Fact]
    public void A_header_longer_than_the_file_is_refused()
    {
        File.WriteAllBytes(FilePath, [200, 0, 0, 0, 0, 0, 0, 0, (byte)'{']);
        AssertOpenFails($"QK4002 {FilePath}: the header needs 200 bytes, the file has 1 after its length. The file is truncated: copy it again.");
    }

    [Fact]
    public void A_header_over_the_formats_limit_is_refused()
    {
        File.WriteAllBytes(FilePath, [.. BitConverter.GetBytes(ulong.MaxValue), (byte)'{']);
        AssertOpenFails($"QK4002 {FilePath}: the header length 18446744073709551615 is over the format's limit of 100000000. {Again}");
    }

    [Theory]
    [InlineData("", "the header is not valid JSON near line 1, byte 0.")]
    [InlineData("{\"a\":", "the header is not valid JSON near line 1, byte 5.")]
    [InlineData("[]", "the header is not a JSON object.")]
    [InlineData("{\"\\ud800\":1}", "the header has a string with an incomplete escaped character.")]
    public void A_header_that_is_not_a_json_object_is_refused(string header, string reason)
    {
        SafetensorsBytes.Write(FilePath, header, []);
        AssertOpenFails($"QK4002 {FilePath}: {reason} {Again}");
    }

    [Fact]
    public void A_header_that_is_not_utf8_is_refused()
    {
        File.WriteAllBytes(FilePath, SafetensorsBytes.Create([(byte)'{', (byte)'"', 0xC3, (byte)'"', (byte)'}'], []));
        AssertOpenFails($"QK4002 {FilePath}: the header is not UTF-8 text. {Again}");
    }

    [Theory]
    [InlineData("""{"dtype":"F32","shape":[1]}""", "tensor 'x' does not have exactly dtype, shape and data_offsets.")]
    [InlineData("""{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}""", "tensor 'x' does not have exactly dtype, shape and data_offsets.")]
    [InlineData("""{"dtype":"F4","shape":[1],"data_offsets":[0,4]}""", "tensor 'x' has the unsupported dtype \"F4\". Known: BOOL, U8, I8, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64.")]
    [InlineData("""{"dtype":"9","shape":[1],"data_offsets":[0,4]}""", "tensor 'x' has the unsupported dtype \"9\". Known: BOOL, U8, I8, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64.")]
    [InlineData("""{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}""", "tensor 'x' has the shape [-1], which is not a list of non-negative integers.")]
    [InlineData("""{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}""", "tensor 'x' has the shape [1.5], which is not a list of non-negative integers.")]
    [InlineData("""{"dtype":"F32","shape":[1],"data_offsets":[4,0]}""", "tensor 'x' has the data_offsets [4,0], which are not [begin, end] with begin <= end.")]
    [InlineData("""{"dtype":"F32","shape":[1],"data_offsets":[0]}""", "tensor 'x' has the data_offsets [0], which are not [begin, end] with begin <= end.")]
    [InlineData("""{"dtype":"F32","shape":[3],"data_offsets":[0,4]}""", "tensor 'x' of type F32 and shape [3] needs 12 bytes, its data_offsets hold 4.")]
    [InlineData("""{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}""", "tensor 'x' has the shape [4294967296,4294967296], whose number of bytes does not fit in 63 bits.")]
    public void A_bad_entry_is_refused(string entry, string reason)
    {
        SafetensorsBytes.Write(FilePath, $$"""{"x":{{entry}}}""", new byte[4]);
        AssertOpenFails($"QK4003 {FilePath}: {reason}");
    }

    [Fact]
    public void Metadata_must_be_strings()
    {
        SafetensorsBytes.Write(FilePath, """{"__metadata__":{"a":1}}""", []);
        AssertOpenFails($"QK4003 {FilePath}: '__metadata__' entry 'a' is not a string.");
    }

    [Theory]
    [InlineData(0, 4, 2, 6, 6, "tensor 'b' at bytes 2..6 overlaps tensor 'a', which ends at 4.")]
    [InlineData(0, 4, 6, 10, 10, "2 unused bytes lie between tensor 'a' and tensor 'b' at byte 6.")]
    [InlineData(1, 5, 5, 9, 9, "1 unused bytes lie between the header and tensor 'a' at byte 1.")]
    [InlineData(0, 4, 4, 8, 6, "tensor 'b' ends at byte 8, the file has 6 bytes of data. The file is truncated: copy it again.")]
    [InlineData(0, 4, 4, 8, 11, "3 unused bytes follow tensor 'b' at the end of the file.")]
    public void A_bad_layout_is_refused(int beginA, int endA, int beginB, int endB, int dataLength, string reason)
    {
        SafetensorsBytes.Write(
            FilePath,
            $$$"""{"a":{"dtype":"F32","shape":[1],"data_offsets":[{{{beginA}}},{{{endA}}}]},"b":{"dtype":"I8","shape":[4],"data_offsets":[{{{beginB}}},{{{endB}}}]}}""",
            new byte[dataLength]);
        AssertOpenFails($"QK4004 {FilePath}: {reason}");
    }

    [Fact]
    public void All_problems_are_reported_at_once()
    {
        SafetensorsBytes.Write(
            FilePath,
            """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":3}""",
            new byte[4]);
        AssertOpenFails(
            "2 problems:" + Environment.NewLine
            + $"QK4005 {FilePath}: tensor 'x' occurs twice." + Environment.NewLine
            + $"QK4003 {FilePath}: tensor 'y' does not have exactly dtype, shape and data_offsets.");
    }

    [Fact]
    public void Reading_an_unknown_tensor_or_another_type_is_refused()
    {
        var writer = new SafetensorsWriter();
        writer.Add("bert.pooler.weight", [2], new float[2]);
        writer.Write(FilePath);
        using var file = SafetensorsFile.Open(FilePath);
        AssertFails($"QK4006 {FilePath}: there is no tensor 'bert.poler.weight'. Did you mean 'bert.pooler.weight'?", () => file.ReadInt8("bert.poler.weight"));
        AssertFails($"QK4007 {FilePath}: tensor 'bert.pooler.weight' has the type F32, expected I8.", () => file.ReadInt8("bert.pooler.weight"));
    }

    [Fact]
    public void Integers_are_not_read_as_floats()
    {
        var writer = new SafetensorsWriter();
        writer.Add("ids", [2], new long[2]);
        writer.Write(FilePath);
        using var file = SafetensorsFile.Open(FilePath);
        AssertFails($"QK4007 {FilePath}: tensor 'ids' has the type I64, expected F32, F16 or BF16.", () => file.ReadFloat32("ids"));
    }

    private void AssertOpenFails(string message) => AssertFails(message, () => SafetensorsFile.Open(FilePath).Dispose());

    private static void AssertFails(string message, Action action) =>
        Assert.Equal(message, Assert.Throws<QatKitException>(action).Message);
}
