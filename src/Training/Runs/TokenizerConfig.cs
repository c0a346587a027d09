using System.Text.Json;
using QatKit.Export;

namespace QatKit.Training.Runs;

// The tokenizer_config.json that Hugging Face puts beside a model. A cased model that reads lower-cased texts works,
// only worse: nobody would notice.
internal static class TokenizerConfig
{
    private const string FileName = TokenizerConfigWriter.FileName;

    // What the file of a model folder asks for and the recipe's encoder does otherwise; nothing where there is no file.
    public static IEnumerable<string> Differences(string folder, bool lowerCase)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) yield break;
        using var document = Parse(path);
        if (document is not { RootElement: { ValueKind: JsonValueKind.Object } config })
        {
            yield return $"{FileName} of the model is not a JSON object. Restore it, or remove it.";
            yield break;
        }

        if (Flag(config, "do_lower_case") is { } lower && lower != lowerCase)
            yield return $"model.lower_case = {Text(lowerCase)}, but {FileName} of the model says do_lower_case = {Text(lower)}. Set model.lower_case: {Text(lower)}.";
        else if (Flag(config, "strip_accents") is { } strip && strip != lowerCase)
            yield return $"{FileName} of the model says strip_accents = {Text(strip)}, which is not supported with model.lower_case = {Text(lowerCase)}. Use another model.";
        if (Flag(config, "tokenize_chinese_chars") is false)
            yield return $"{FileName} of the model says tokenize_chinese_chars = false, which is not supported. Use another model.";
    }

    private static JsonDocument? Parse(string path)
    {
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(path));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool? Flag(JsonElement config, string name) =>
        config.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    private static string Text(bool value) => value ? "true" : "false";
}
