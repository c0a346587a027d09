using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using QatKit.Core.Artifact;

namespace QatKit.Export.Tests;

/// <summary>A safetensors file taken apart, to be changed and put together again.</summary>
internal sealed class SafetensorsImage
{
    private readonly ArtifactImage _artifact;

    public SafetensorsImage(ArtifactImage artifact)
    {
        _artifact = artifact;
        var bytes = artifact.Files[ArtifactFiles.Tensors];
        var length = (int)BitConverter.ToInt64(bytes);
        Header = JsonNode.Parse(bytes.AsSpan(8, length))!.AsObject();
        Data = bytes[(8 + length)..];
    }

    public JsonObject Header { get; }

    public byte[] Data { get; set; }

    public List<string> Names => [.. Header.Select(p => p.Key).Where(n => n != "__metadata__")];

    /// <summary>Bytes of one tensor.</summary>
    public Span<byte> Bytes(string tensor)
    {
        var offsets = Header[tensor]!["data_offsets"]!.AsArray();
        var begin = (int)offsets[0]!;
        return Data.AsSpan(begin, (int)offsets[1]! - begin);
    }

    /// <summary>Elements of an F32 tensor.</summary>
    public Span<float> Floats(string tensor) => MemoryMarshal.Cast<byte, float>(Bytes(tensor));

    /// <summary>Puts the file back into the artifact.</summary>
    public ArtifactImage Save()
    {
        var header = Encoding.UTF8.GetBytes(Header.ToJsonString());
        _artifact.Files[ArtifactFiles.Tensors] = [.. BitConverter.GetBytes((long)header.Length), .. header, .. Data];
        return _artifact;
    }
}
