using System.Text.Json;

namespace QatKit.Export;

/// <summary>Writes the <c>tokenizer_config.json</c> that Hugging Face reads beside a model's vocabulary.</summary>
public static class TokenizerConfigWriter
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "tokenizer_config.json";

    /// <summary>Writes the file's content.</summary>
    /// <param name="stream">Receives it.</param>
    /// <param name="lowerCase">Whether text is lower-cased.</param>
    /// <param name="maxSequenceLength">Longest sequence in tokens.</param>
    public static void Write(Stream stream, bool lowerCase, int maxSequenceLength)
    {
        using var json = new Utf8JsonWriter(stream, ManifestWriter.Options);
        json.WriteStartObject();
        json.WriteString("tokenizer_class", "BertTokenizer");
        json.WriteBoolean("do_lower_case", lowerCase);
        json.WriteNumber("model_max_length", maxSequenceLength);
        json.WriteString("unk_token", "[UNK]");
        json.WriteString("sep_token", "[SEP]");
        json.WriteString("pad_token", "[PAD]");
        json.WriteString("cls_token", "[CLS]");
        json.WriteString("mask_token", "[MASK]");
        json.WriteEndObject();
    }
}
