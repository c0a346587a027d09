using System.Text;
using System.Text.Json.Nodes;
using QatKit.Core.Artifact;

namespace QatKit.Export.Tests;

/// <summary>Seeded damage of many kinds.</summary>
internal static class RandomDamage
{
    /// <summary>Damages a copy of an artifact.</summary>
    /// <returns>The copy and, for a failing test's message, what was done.</returns>
    public static (ArtifactImage Image, string What) Apply(ArtifactImage sound, Random random)
    {
        var image = sound.Copy();
        var name = image.Files.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(image.Files.Count));
        var bytes = image.Files[name];
        switch (random.Next(10))
        {
            case 0:
                for (var n = random.Next(1, 4); n > 0; n--) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return (image, $"bits of {name} flipped");
            case 1:
                random.NextBytes(bytes.AsSpan(random.Next(bytes.Length), 1));
                return (image, $"a byte of {name} replaced");
            case 2:
                image.Files[name] = bytes[..random.Next(bytes.Length)];
                return (image, $"{name} truncated");
            case 3:
                image.Files[name] = [];
                return (image, $"{name} emptied");
            case 4:
                image.Files.Remove(name);
                return (image, $"{name} deleted");
            case 5:
                var at = random.Next(bytes.Length);
                image.Files[name] = [.. bytes.AsSpan(0, at), .. bytes.AsSpan(random.Next(at + 1)..at), .. bytes.AsSpan(at)];
                return (image, $"a part of {name} repeated");
            case 6:
                return (image, ReplaceNumber(image, random));
            case 7:
                return (image, SwapTensors(image, random));
            default:
                return (image, ReplaceFloat(image, random));
        }
    }

    // Another number somewhere in the text of one of the JSON files or of the tensors' header.
    private static string ReplaceNumber(ArtifactImage image, Random random)
    {
        string[] replacements = ["0", "-1", "1", "7", "16", "2147483647", "2147483648", "9223372036854775807", "1e308", "1e999", "0.5", "null", "\"x\""];
        var name = new[] { ArtifactFiles.Config, ArtifactFiles.Manifest, ArtifactFiles.Tensors }[random.Next(3)];
        var tensors = name == ArtifactFiles.Tensors ? new SafetensorsImage(image) : null;
        var root = tensors?.Header ?? JsonNode.Parse(image.Files[name])!;
        var numbers = Values(root).Where(v => v.GetValueKind() == System.Text.Json.JsonValueKind.Number).ToList();
        var chosen = numbers[random.Next(numbers.Count)];
        var path = chosen.GetPath();
        const string Mark = "\"a mark that occurs nowhere\"";
        chosen.ReplaceWith(Mark.Trim('"'));
        var text = root.ToJsonString().Replace(Mark, replacements[random.Next(replacements.Length)], StringComparison.Ordinal);
        var header = Encoding.UTF8.GetBytes(text);
        image.Files[name] = tensors is null ? header : [.. BitConverter.GetBytes((long)header.Length), .. header, .. tensors.Data];
        return $"{name}: {path} in {text.Length} characters replaced";
    }

    private static string SwapTensors(ArtifactImage image, Random random)
    {
        var file = new SafetensorsImage(image);
        var names = file.Names;
        var (a, b) = (names[random.Next(names.Count)], names[random.Next(names.Count)]);
        if (random.Next(2) == 0)
        {
            var (x, y) = (file.Header[a]!.DeepClone(), file.Header[b]!.DeepClone());
            (file.Header[a], file.Header[b]) = (y, x);
        }
        else
        {
            var (x, y) = (file.Header[a]!["data_offsets"]!.DeepClone(), file.Header[b]!["data_offsets"]!.DeepClone());
            (file.Header[a]!["data_offsets"], file.Header[b]!["data_offsets"]) = (y, x);
        }

        file.Save();
        return $"{a} and {b} swapped";
    }

    private static string ReplaceFloat(ArtifactImage image, Random random)
    {
        float[] special = [0, -0f, -1, 1e-45f, 1e-38f, 1e30f, float.MaxValue, float.NaN, float.PositiveInfinity, float.NegativeInfinity];
        var file = new SafetensorsImage(image);
        var floats = file.Names.Where(n => (string)file.Header[n]!["dtype"]! == "F32").ToList();
        var name = floats[random.Next(floats.Count)];
        var values = file.Floats(name);
        var (i, value) = (random.Next(values.Length), special[random.Next(special.Length)]);
        values[i] = value;
        file.Save();
        return $"{name}[{i}] = {value}";
    }

    private static IEnumerable<JsonNode> Values(JsonNode? node) => node switch
    {
        JsonObject o => o.SelectMany(p => Values(p.Value)),
        JsonArray a => a.SelectMany(Values),
        null => [],
        _ => [node],
    };
}
