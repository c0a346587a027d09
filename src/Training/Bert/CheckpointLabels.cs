using System.Text.Json;
using System.Text.Json.Nodes;

namespace QatKit.Training.Bert;

// The class names of a Hugging Face config.json: `id2label` and `label2id`.
internal static class CheckpointLabels
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    // The names by id; null where the configuration names no classes, or not every one of them.
    public static IReadOnlyList<string>? Read(string configPath)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(configPath));
        if (!document.RootElement.TryGetProperty("id2label", out var labels) || labels.ValueKind != JsonValueKind.Object) return null;
        var names = new string[labels.EnumerateObject().Count()];
        for (var i = 0; i < names.Length; i++)
        {
            if (!labels.TryGetProperty($"{i}", out var name) || name.ValueKind != JsonValueKind.String) return null;
            names[i] = name.GetString()!;
        }

        return names.Length == 0 ? null : names;
    }

    // The configuration with these names.
    public static string Write(string config, IReadOnlyList<string> labels)
    {
        var root = JsonNode.Parse(config)!.AsObject();
        root["id2label"] = new JsonObject(labels.Index().Select(l => KeyValuePair.Create($"{l.Index}", (JsonNode?)l.Item)));
        root["label2id"] = new JsonObject(labels.Index().Select(l => KeyValuePair.Create(l.Item, (JsonNode?)l.Index)));
        return root.ToJsonString(Indented);
    }
}
