using System.Text.Json.Nodes;
using QatKit.TestKit;

namespace QatKit.Export.Tests;

/// <summary>What Hugging Face and compressed-tensors tools look for in <c>config.json</c>.</summary>
public sealed class ConfigWriterTests
{
    [Fact]
    public void The_quantization_section_has_the_keys_of_compressed_tensors()
    {
        using var folder = new TempFolder();
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(SmallModel.Write(folder), "config.json")))!;
        const string Scheme = """{"num_bits":8,"type":"int","symmetric":true,"strategy":"STRATEGY","dynamic":false}""";
        var expected = """
            {"quant_method":"compressed-tensors","format":"int-quantized","quantization_status":"compressed","config_groups":{
            "group_0":{"targets":["Linear"],"weights":CHANNEL,"input_activations":TENSOR,"output_activations":null},
            "group_1":{"targets":["bert.embeddings.word_embeddings"],"weights":CHANNEL,"input_activations":null,"output_activations":null}},
            "ignore":["bert.encoder.layer.0.attention.self.value","classifier"]}
            """.Replace("CHANNEL", Scheme.Replace("STRATEGY", "channel", StringComparison.Ordinal), StringComparison.Ordinal)
            .Replace("TENSOR", Scheme.Replace("STRATEGY", "tensor", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), config["quantization_config"]!.ToJsonString());
        Assert.Equal("""{"0":"negative","1":"positive"}""", config["id2label"]!.ToJsonString());
        Assert.Equal("""{"negative":0,"positive":1}""", config["label2id"]!.ToJsonString());
        Assert.Equal("BertForSequenceClassification", (string)config["architectures"]![0]!);
    }
}
