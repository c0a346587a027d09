using System.Text.Json;
using System.Text.Unicode;
using QatKit.Core.Diagnostics;

namespace QatKit.Core.Artifact;

/// <summary>Turns every way in which JSON can be malformed into one error with its place.</summary>
internal static class JsonFile
{
    /// <summary>Parses a JSON object and reads from it.</summary>
    /// <exception cref="QatKitException">QK4013: not UTF-8, not JSON, or not an object.</exception>
    public static T Read<T>(string path, ReadOnlyMemory<byte> json, Func<JsonElement, T> read)
    {
        if (!Utf8.IsValid(json.Span)) throw new QatKitException("QK4013", path, "the file is not UTF-8 text.");
        return Guard(path, () =>
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? read(document.RootElement)
                : throw new QatKitException("QK4013", path, "the file holds no JSON object.");
        });
    }

    /// <summary>Runs code that reads JSON.</summary>
    /// <exception cref="QatKitException">QK4013: the JSON is not what the code expects.</exception>
    public static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
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
