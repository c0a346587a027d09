using System.Text.Json;
using System.Text.Unicode;
using QatKit.Core.Diagnostics;

namespace QatKit.Core.Artifact;

/// <summary>Turns every way in which JSON can be malformed into one error with its place.</summary>
internal static class JsonFile
{
    /// <summary>Parses a JSON object and reads from it.</summary>
    /// <param name="path">File name for messages.</param>
    /// <param name="json">Content.</param>
    /// <param name="read">Reads from the object while its memory is valid.</param>
    /// <exception cref="QatKitException">QK4013: not UTF-8, not JSON, or not an object.</exception>
    public static T Read<T>(string path, ReadOnlyMemory<byte> json, Func<JsonElement, T> read)
    {
        if (!Utf8.IsValid(json.Span)) throw new QatKitException("QK4013", path, "the file is not UTF-8 text.");
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? read(document.RootElement)
                : throw new QatKitException("QK4013", path, "the file holds no JSON object.");
        }
        catch (JsonException e)
        {
            var place = e.LineNumber is { } line ? $"{path}({line + 1},{e.BytePositionInLine + 1})" : path;
            throw new QatKitException("QK4013", place, $"the JSON is not valid: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            // The only invalid operation left: an escape that is half of a surrogate pair.
            throw new QatKitException("QK4013", path, "the JSON has a string with an incomplete escaped character.", e);
        }
    }
}
