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
                $"QK2021 {path}: num_attention_heads = 3 does not divide hidden_size = 100.",
                $"QK2021 {path}: hidden_act = 'relu' is not supported. Use a model with 'gelu'.",
                $"QK2021 {path}: hidden_dropout_prob = 1.5 is outside [0, 1).",
            ],
            e.Diagnostics.Select(d => d.ToString()));
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
