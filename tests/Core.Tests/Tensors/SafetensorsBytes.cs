using System.Text;

namespace QatKit.Core.Tests.Tensors;

/// <summary>Hand-made safetensors files, valid or not.</summary>
internal static class SafetensorsBytes
{
    public static byte[] Create(string header, byte[] data) => Create(Encoding.UTF8.GetBytes(header), data);

    public static byte[] Create(byte[] header, byte[] data) => [.. BitConverter.GetBytes((long)header.Length), .. header, .. data];

    public static void Write(string path, string header, byte[] data) => File.WriteAllBytes(path, Create(header, data));
}
