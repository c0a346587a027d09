using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Tensors;
using QatKit.TestKit;
using QatKit.Training.Bert;
using static TorchSharp.torch;

namespace QatKit.Training.Tests.Bert;

public sealed class BertCheckpointTests
{
    [Fact]
    public void A_saved_model_loads_with_the_same_bits()
    {
        using var scope = NewDisposeScope();
        using var folder = new TempFolder();
        using var saved = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
        BertCheckpoint.Save(saved, folder.Path);
        var (loaded, report) = BertCheckpoint.Load(folder.Path, seed: 2);
        using var disposed = loaded;
        Assert.Equal(saved.Config with { ClassifierDropout = loaded.Config.ClassifierDropout }, loaded.Config);
        Assert.Empty(report.Initialized);
        Assert.Empty(report.Ignored);
        var expected = saved.named_parameters().ToDictionary(p => p.name, p => p.parameter.data<float>().ToArray());
        foreach (var (name, parameter) in loaded.named_parameters())
            TensorAssert.BitEqual(expected[name], parameter.data<float>().ToArray(), context: name);
    }

    [Fact]
    public void Legacy_names_and_a_bare_encoder_load_and_absent_heads_are_said()
    {
        using var scope = NewDisposeScope();
        using var folder = new TempFolder();
        using var source = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
        var path = Write(folder, source, name => name.Contains("pooler", StringComparison.Ordinal) || name.StartsWith("classifier", StringComparison.Ordinal) ? null
            : name["bert.".Length..].Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal).Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal),
            w => w.Add("cls.predictions.bias", [2], new float[2]));
        using var model = new BertForSequenceClassification(TinyBert.Config(), seed: 2);
        var report = BertCheckpoint.LoadInto(model, path);
        Assert.Equal(["bert.pooler.dense.bias", "bert.pooler.dense.weight", "classifier.bias", "classifier.weight"], report.Initialized.Order());
        Assert.Equal(["cls.predictions.bias"], report.Ignored);
        TensorAssert.BitEqual(
            source.get_parameter("bert.embeddings.LayerNorm.weight")!.data<float>().ToArray(),
            model.get_parameter("bert.embeddings.LayerNorm.weight")!.data<float>().ToArray());
    }

    [Fact]
    public void Every_problem_is_reported_and_the_model_is_left_alone()
    {
        using var scope = NewDisposeScope();
        using var folder = new TempFolder();
        using var source = new BertForSequenceClassification(TinyBert.Config() with { IntermediateSize = 48 }, seed: 1);
        var path = Write(folder, source,
            name => name == ModuleNames.Query(0) + ".weight" ? "bert.encoder.layer.0.attention.self.qery.weight"
                : name.StartsWith("bert.encoder.layer.1", StringComparison.Ordinal) && !name.Contains("dense.weight", StringComparison.Ordinal) ? name
                : name == "bert.encoder.layer.1.intermediate.dense.weight" || !name.StartsWith("bert.encoder.layer.1", StringComparison.Ordinal) ? name : null, _ => { });
        using var model = new BertForSequenceClassification(TinyBert.Config(), seed: 2);
        var before = model.get_parameter("bert.embeddings.word_embeddings.weight")!.data<float>().ToArray();
        var e = Assert.Throws<QatKitException>(() => BertCheckpoint.LoadInto(model, path));
        var lines = e.Diagnostics.Select(d => d.ToString()).Order().ToArray();
        Assert.Contains($"QK2022 {path}: tensor 'bert.encoder.layer.1.output.dense.weight' is missing. Pass a checkpoint of the model that config.json describes.", lines);
        Assert.Contains($"QK2023 {path}: tensor 'bert.encoder.layer.0.attention.self.qery.weight' has no place in the model. Did you mean 'bert.encoder.layer.0.attention.self.query.weight'? Check num_hidden_layers in config.json.", lines);
        Assert.Contains($"QK2024 {path}: tensor 'bert.encoder.layer.0.intermediate.dense.weight' has shape [48, 32], the model's is [64, 32]. Make config.json and the checkpoint agree.", lines);
        TensorAssert.BitEqual(before, model.get_parameter("bert.embeddings.word_embeddings.weight")!.data<float>().ToArray());
    }

    [Fact]
    public void Sizes_beyond_those_of_the_checkpoint_are_told_before_a_model_of_that_size_is_built()
    {
        using var scope = NewDisposeScope();
        using var folder = new TempFolder();
        using (var saved = new BertForSequenceClassification(TinyBert.Config(), seed: 1)) BertCheckpoint.Save(saved, folder.Path);
        var path = folder.Combine("model.safetensors");
        folder.WriteText("config.json", (TinyBert.Config() with { VocabSize = 2_000_000_000, Layers = int.MaxValue, MaxPositions = 65_536, TypeVocabSize = 1_000_000_000, IntermediateSize = 133_000 }).ToJson());
        var e = Assert.Throws<QatKitException>(() => BertCheckpoint.Load(folder.Path, seed: 1));
        Assert.Equal(
            [
                $"QK2024 {path}: vocab_size = 2000000000, but tensor 'bert.embeddings.word_embeddings.weight' has 50 rows. Make config.json and the checkpoint agree.",
                $"QK2024 {path}: max_position_embeddings = 65536, but tensor 'bert.embeddings.position_embeddings.weight' has 16 rows. Make config.json and the checkpoint agree.",
                $"QK2024 {path}: type_vocab_size = 1000000000, but tensor 'bert.embeddings.token_type_embeddings.weight' has 2 rows. Make config.json and the checkpoint agree.",
                $"QK2024 {path}: intermediate_size = 133000, but tensor 'bert.encoder.layer.0.intermediate.dense.weight' has 64 rows. Make config.json and the checkpoint agree.",
                $"QK2022 {path}: num_hidden_layers = 2147483647, but the file holds 2 layers. Make config.json and the checkpoint agree.",
            ],
            e.Diagnostics.Select(d => d.ToString()));
    }

    [Fact]
    public void A_layer_that_lacks_a_tensor_is_told_by_the_tensor()
    {
        using var scope = NewDisposeScope();
        using var folder = new TempFolder();
        using var source = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
        const string Lost = "bert.encoder.layer.0.output.dense.weight";
        var path = Write(folder, source, name => name == Lost ? null : name, _ => { });
        folder.WriteText("config.json", TinyBert.Config().ToJson());
        var e = Assert.Throws<QatKitException>(() => BertCheckpoint.Load(folder.Path, seed: 1));
        Assert.Equal($"QK2022 {path}: tensor '{Lost}' is missing. Pass a checkpoint of the model that config.json describes.", e.Message);
        folder.WriteText("config.json", (TinyBert.Config() with { Layers = int.MaxValue }).ToJson());
        e = Assert.Throws<QatKitException>(() => BertCheckpoint.Load(folder.Path, seed: 1));
        Assert.Equal($"QK2022 {path}: num_hidden_layers = 2147483647, but the file holds 2 layers. Make config.json and the checkpoint agree.", e.Message);
    }

    [Fact]
    public void A_file_without_embeddings_is_told_before_a_model_is_built()
    {
        using var folder = new TempFolder();
        folder.WriteText("config.json", (TinyBert.Config() with { VocabSize = 2_000_000_000, Layers = int.MaxValue }).ToJson());
        var writer = new SafetensorsWriter();
        writer.Add("classifier.bias", [3], new float[3]);
        var path = folder.Combine("model.safetensors");
        writer.Write(path);
        var e = Assert.Throws<QatKitException>(() => BertCheckpoint.Load(folder.Path, seed: 1));
        Assert.Equal(
            new[] { "bert.embeddings.word_embeddings", "bert.embeddings.position_embeddings", "bert.embeddings.token_type_embeddings", "bert.encoder.layer.0.intermediate.dense" }
                .Select(m => $"QK2022 {path}: tensor '{m}.weight' is missing. Pass a checkpoint of the model that config.json describes."),
            e.Diagnostics.Select(d => d.ToString()));
    }

    [Fact]
    public void The_pretrained_model_loads()
    {
        using var scope = NewDisposeScope();
        var (model, report) = BertCheckpoint.Load(SharedData.Require("models/bert-tiny-uncased-mlm"), seed: 1, classes: 2);
        using var disposed = model;
        Assert.Contains("classifier.weight", report.Initialized);
        Assert.Contains("bert.encoder.layer.1.output.dense.weight", report.Loaded);
    }

    [Fact]
    public void Weights_of_another_kind_are_told_with_the_way_to_convert_them()
    {
        using var folder = new TempFolder();
        folder.WriteText("config.json", TinyBert.Config().ToJson());
        var path = folder.Combine("model.safetensors");
        string Message() => Assert.Throws<QatKitException>(() => BertCheckpoint.Load(folder.Path, seed: 1)).Message;
        Assert.Equal($"QK2026 {path}: the file does not exist. Pass a model folder in Hugging Face form.", Message());
        folder.WriteText("pytorch_model.bin", "x");
        Assert.Equal($"QK2026 {path}: the file does not exist. The folder has weights as pickle files, which can run code when they are read; save them with save_pretrained(folder, safe_serialization=True) of Python's transformers.", Message());
        folder.WriteText("model.safetensors.index.json", "{}");
        Assert.Equal($"QK2026 {path}: the file does not exist. The folder has the weights in several files; save them as one, with save_pretrained(folder, max_shard_size=\"100GB\") of Python's transformers.", Message());
    }

    [Fact]
    public void Classifier_for_another_number_of_classes_is_told()
    {
        using var scope = NewDisposeScope();
        using var folder = new TempFolder();
        using var source = new BertForSequenceClassification(TinyBert.Config() with { Classes = 3 }, seed: 1);
        var path = Write(folder, source, name => name, _ => { });
        using var model = new BertForSequenceClassification(TinyBert.Config() with { Classes = 2 }, seed: 2);
        var e = Assert.Throws<QatKitException>(() => BertCheckpoint.LoadInto(model, path));
        Assert.Equal(
            [
                $"QK2024 {path}: tensor 'classifier.bias' has shape [3], the model's is [2]. The checkpoint was fine-tuned for another number of classes: use one without a classifier, or a task with as many.",
                $"QK2024 {path}: tensor 'classifier.weight' has shape [3, 32], the model's is [2, 32]. The checkpoint was fine-tuned for another number of classes: use one without a classifier, or a task with as many.",
            ],
            e.Diagnostics.Select(d => d.ToString()));
    }

    private static string Write(TempFolder folder, BertForSequenceClassification model, Func<string, string?> rename, Action<SafetensorsWriter> more)
    {
        var writer = new SafetensorsWriter();
        foreach (var (name, parameter) in model.named_parameters())
            if (rename(name) is { } renamed) writer.Add(renamed, parameter.shape, parameter.data<float>().ToArray());
        more(writer);
        var path = folder.Combine("model.safetensors");
        writer.Write(path);
        return path;
    }
}
