using System.Text.Json;

namespace QatKit.Training.Data;

// Reads one JSON object per line; empty lines are skipped.
internal static class JsonLinesReader
{
    public static List<TextExample> Read(string path, DataLayout layout)
    {
        var bad = new BadRows(path);
        var labels = new LabelParser(layout.Labels);
        var examples = new List<TextExample>();
        var line = 0;
        foreach (var text in File.ReadLines(path))
        {
            line++;
            if (string.IsNullOrWhiteSpace(text)) continue;
            if (TryRead(text, layout, labels, out var example, out var reason)) examples.Add(example);
            else bad.Add(line, reason);
        }

        bad.ThrowIfAny();
        return examples;
    }

    private static bool TryRead(string line, DataLayout layout, LabelParser labels, out TextExample example, out string reason)
    {
        example = null!;
        reason = "";
        try
        {
            using var document = JsonDocument.Parse(line);
            var row = document.RootElement;
            if (row.ValueKind != JsonValueKind.Object)
            {
                reason = "the line is not a JSON object. Write one object per line.";
                return false;
            }

            if (!TryText(row, layout.Text, out var text, out reason)) return false;
            string? pair = null;
            if (layout.Pair is not null && !TryText(row, layout.Pair, out pair, out reason)) return false;
            float? label = null;
            if (row.TryGetProperty(layout.Label, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                var raw = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
                if (!labels.TryParse(raw, out var parsed, out reason)) return false;
                label = parsed;
            }

            example = new TextExample(text!, pair, label);
            return true;
        }
        catch (JsonException e)
        {
            reason = $"the line is not valid JSON (byte {e.BytePositionInLine}). Correct the line.";
            return false;
        }
        catch (InvalidOperationException)
        {
            // The only invalid operation left: an escape that is half of a surrogate pair.
            reason = "the line has a text with an incomplete escaped character. Correct the line.";
            return false;
        }
    }

    private static bool TryText(JsonElement row, string key, out string? text, out string reason)
    {
        text = null;
        reason = "";
        if (!row.TryGetProperty(key, out var value)) reason = $"the key '{key}' is missing. Correct task.columns of the recipe; verify takes the columns from the recipe of --checkpoint, export from that of the run.";
        else if (value.ValueKind != JsonValueKind.String) reason = $"the value of '{key}' is not a string. Correct the line.";
        else if (string.IsNullOrWhiteSpace(text = value.GetString())) reason = "the text is empty. Correct or remove the row.";
        return reason.Length == 0;
    }
}
