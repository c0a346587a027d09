using System.Text.Json;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;

namespace QatKit.Core.Artifact;

/// <summary>Reads the sizes of a BERT from an artifact's <c>config.json</c>; keys that are not needed are ignored.</summary>
internal static class ArtifactConfig
{
    /// <exception cref="QatKitException">QK4013 not JSON; QK4015 every key that is missing, not a number or not supported.</exception>
    public static BertArchitecture Parse(string path, ReadOnlyMemory<byte> json) => JsonFile.Read(path, json, root =>
    {
        var problems = new DiagnosticBag();
        RequireWord("model_type", "bert", required: true);
        RequireWord("hidden_act", "gelu", required: true);
        RequireWord("position_embedding_type", "absolute", required: false);
        RequireQuantization();
        var architecture = new BertArchitecture(
            Integer("num_hidden_layers"),
            Integer("hidden_size"),
            Integer("num_attention_heads"),
            Integer("intermediate_size"),
            Integer("vocab_size"),
            Integer("max_position_embeddings"),
            Integer("type_vocab_size"),
            Integer("num_labels"),
            Number("layer_norm_eps"));
        problems.ThrowIfAny();
        return architecture;

        void RequireWord(string key, string supported, bool required)
        {
            if (!root.TryGetProperty(key, out var value))
            {
                if (required) problems.Add("QK4015", path, $"'{key}' is missing. Only \"{supported}\" is supported.");
            }
            else if (value.ValueKind != JsonValueKind.String || !value.ValueEquals(supported))
            {
                problems.Add("QK4015", path, $"'{key}' is {value.GetRawText()}. Only \"{supported}\" is supported.");
            }
        }

        void RequireQuantization()
        {
            if (root.TryGetProperty("quantization_config", out var section) && section.ValueKind == JsonValueKind.Object
                && section.TryGetProperty("format", out var format) && format.ValueKind == JsonValueKind.String && format.ValueEquals("int-quantized"))
                return;
            problems.Add("QK4015", path, "'quantization_config.format' is not \"int-quantized\": this is no exported model. Export the checkpoint first.");
        }

        int Integer(string key)
        {
            if (!root.TryGetProperty(key, out var value))
                problems.Add("QK4015", path, $"'{key}' is missing.");
            else if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 1)
                return number;
            else
                problems.Add("QK4015", path, $"'{key}' is {value.GetRawText()}, which is not an integer from 1 to {int.MaxValue}.");
            return 1;
        }

        double Number(string key)
        {
            if (!root.TryGetProperty(key, out var value))
                problems.Add("QK4015", path, $"'{key}' is missing.");
            else if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) && number > 0)
                return number;
            else
                problems.Add("QK4015", path, $"'{key}' is {value.GetRawText()}, which is not a positive number.");
            return 1;
        }
    });
}
