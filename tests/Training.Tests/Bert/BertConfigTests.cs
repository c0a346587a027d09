using System.Text;
using CsCheck;
using QatKit.Core.Diagnostics;
using QatKit.TestKit;
using QatKit.Training.Bert;

namespace QatKit.Training.Tests.Bert;

public sealed class BertConfigTests
{
    [Fact]
    public void Every_value_outside_its_limits_is_reported()
    {
        using var folder = new TempFolder();
        var path = folder.WriteText("config.json", """{ "hidden_size": 100, "num_attention_heads": 3, "hidden_act": "relu", "hidden_dropout_prob": 1.5 }""");
        var e = Assert.Throws<QatKitException>(() => BertConfig.Load(path));
        Assert.Equal(
            [
                $"QK2021 {path}: num_attention_heads = 3 does not divide hidden_size = 100. Use a divisor.",
                $"QK2021 {path}: hidden_act = 'relu' is not supported. Use a model with 'gelu'.",
                $"QK2021 {path}: hidden_dropout_prob = 1.5 is outside [0, 1).",
            ],
            e.Diagnostics.Select(d => d.ToString()));
    }

    [Fact]
    public void Models_that_only_look_like_bert_are_refused()
    {
        using var folder = new TempFolder();
        var path = folder.WriteText("config.json", """{ "model_type": "roberta", "position_embedding_type": "relative_key", "hidden_size": 4096, "num_attention_heads": 32, "intermediate_size": 200000 }""");
        var e = Assert.Throws<QatKitException>(() => BertConfig.Load(path));
        Assert.Equal(
            [
                $"QK2021 {path}: model_type = 'roberta' is not supported. Use a BERT model.",
                $"QK2021 {path}: position_embedding_type = 'relative_key' is not supported. Use a model with 'absolute'.",
                $"QK2021 {path}: hidden_size = 4096 is outside 1..2048, within which LayerNorm is exact. Use a smaller model.",
                $"QK2021 {path}: intermediate_size = 200000 is outside 1..133000, within which a sum is exact. Use a smaller model.",
            ],
            e.Diagnostics.Select(d => d.ToString()));
    }

    [Theory]
    [InlineData("1e-60", "1E-60: eps·H²·4^k is no normal float32 for every LayerNorm exponent k. Use a number such as 1e-12.")]
    [InlineData("1e30", "1E+30: eps·H²·4^k is no normal float32 for every LayerNorm exponent k. Use a number such as 1e-12.")]
    [InlineData("0", "0 is not a positive number. Use the one that the model was trained with, for example 1e-12.")]
    [InlineData("1e999", "Infinity is not a positive number. Use the one that the model was trained with, for example 1e-12.")]
    public void An_epsilon_that_layer_norm_cannot_hold_is_refused(string epsilon, string problem)
    {
        using var folder = new TempFolder();
        var path = folder.WriteText("config.json", $$"""{ "layer_norm_eps": {{epsilon}} }""");
        Assert.Equal($"QK2021 {path}: layer_norm_eps = {problem}", Assert.Throws<QatKitException>(() => BertConfig.Load(path)).Message);
    }

    [Fact]
    public void More_positions_or_labels_than_the_arithmetic_or_the_memory_allows_are_refused()
    {
        using var folder = new TempFolder();
        var path = folder.WriteText("config.json", """{ "max_position_embeddings": 65537, "num_labels": 2000000000 }""");
        var e = Assert.Throws<QatKitException>(() => BertConfig.Load(path));
        Assert.Equal(
            [
                $"QK2021 {path}: max_position_embeddings = 65537 is outside 1..65536, within which attention is exact. Use a smaller model.",
                $"QK2021 {path}: num_labels = 2000000000 is above 65536. List the labels that the task has.",
            ],
            e.Diagnostics.Select(d => d.ToString()));
    }

    [Theory]
    [InlineData("""{ "num_labels": "3" }""", "num_labels = \"3\" is not a whole number.")]
    [InlineData("""{ "num_labels": 1e99 }""", "num_labels = 1e99 is not a whole number.")]
    [InlineData("null", "the file holds null.")]
    public void A_file_that_is_no_configuration_is_named(string json, string problem)
    {
        using var folder = new TempFolder();
        var path = folder.WriteText("config.json", json);
        var e = Assert.Throws<QatKitException>(() => BertConfig.Load(path));
        Assert.Equal($"QK2020 {path}: not a BERT configuration: {problem} Pass a Hugging Face config.json.", e.Message);
        var missing = folder.Combine("none.json");
        e = Assert.Throws<QatKitException>(() => BertConfig.Load(missing));
        Assert.Equal($"QK2020 {missing}: the file does not exist. Pass a model folder in Hugging Face form.", e.Message);
    }

    // Whatever the bytes, the answer is a configuration or a message.
    [Fact]
    public void Damaged_files_never_crash()
    {
        using var folder = new TempFolder();
        var good = Encoding.UTF8.GetBytes(TinyBert.Config().ToJson());
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, good.Length]).Sample((at, value, length) =>
        {
            var bytes = good[..length];
            if (at < length) bytes[at] = value;
            var path = folder.Combine("config.json");
            File.WriteAllBytes(path, bytes);
            try
            {
                BertConfig.Load(path);
            }
            catch (QatKitException)
            {
                // Told.
            }
        }, iter: 2000, threads: 1);
    }

    [Fact]
    public void A_file_that_is_not_json_is_named()
    {
        using var folder = new TempFolder();
        var path = folder.WriteText("config.json", "hidden_size: 1");
        var e = Assert.Throws<QatKitException>(() => BertConfig.Load(path));
        Assert.Equal(
            $"QK2020 {path}: not a BERT configuration: 'h' is an invalid start of a value. LineNumber: 0 | BytePositionInLine: 0. Pass a Hugging Face config.json.",
            e.Message);
    }

    [Fact]
    public void The_number_of_classes_follows_the_labels()
    {
        using var folder = new TempFolder();
        Assert.Equal(3, BertConfig.Load(folder.WriteText("a.json", """{ "id2label": { "0": "a", "1": "b", "2": "c" } }""")).Classes);
        Assert.Equal(5, BertConfig.Load(folder.WriteText("b.json", """{ "id2label": { "0": "a" } }"""), classes: 5).Classes);
        Assert.Equal(2, BertConfig.Load(folder.WriteText("c.json", "{}")).Classes);
    }
}
