using System.Text.Json;
using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Export.Onnx;
using QatKit.Export.Onnx.Checking;
using QatKit.TestKit;

namespace QatKit.Export.Tests.Onnx;

public sealed class OnnxExporterTests
{
    [Fact]
    public void The_file_says_what_it_is_and_lies_beside_its_tokenizer()
    {
        using var folder = new TempFolder();
        var artifact = ArtifactReader.Read(SmallModel.Write(folder));
        var summary = OnnxExporter.Write(artifact, folder.Combine("out", "m.onnx"));
        Assert.Equal(new FileInfo(folder.Combine("out", "m.onnx")).Length, summary.Bytes);
        Assert.Equal(9, summary.IrVersion);
        Assert.Equal(new Dictionary<string, long> { ["ai.onnx"] = 20 }, summary.Opsets);
        Assert.Equal("QatKit 0.1.0", summary.Producer.Split('+')[0]);
        Assert.Equal(["input_ids: int64 [batch, sequence]", "attention_mask: int64 [batch, sequence]", "token_type_ids: int64 [batch, sequence]"], summary.Inputs);
        Assert.Equal(["logits: float [batch, 2]"], summary.Outputs);
        // Query and key, attention output, FFN, pooler and scores; value is int16 in this model.
        Assert.Equal(7, summary.QuantizedProducts);
        Assert.Equal(7, summary.Sparse24.Count);
        Assert.Equal("int8", summary.Metadata["qatkit.form"]);
        Assert.Equal("8", summary.Metadata["qatkit.max_sequence_length"]);
        Assert.Equal(Checksums.Of(File.ReadAllBytes(Path.Combine(artifact.Directory, "SHA256SUMS"))), summary.Metadata["qatkit.artifact_sha256"]);
        Assert.Equal(["config.json", "m.onnx", "tokenizer_config.json", "vocab.txt"], Directory.GetFiles(folder.Combine("out")).Select(Path.GetFileName).Order());
        Assert.Equal(File.ReadAllBytes(artifact.VocabularyPath!), File.ReadAllBytes(folder.Combine("out", "vocab.txt")));
        using var config = JsonDocument.Parse(File.ReadAllText(folder.Combine("out", "config.json")));
        Assert.False(config.RootElement.TryGetProperty("quantization_config", out _));
        Assert.Equal("positive", config.RootElement.GetProperty("id2label").GetProperty("1").GetString());
        using var tokenizer = JsonDocument.Parse(File.ReadAllText(folder.Combine("out", "tokenizer_config.json")));
        Assert.True(tokenizer.RootElement.GetProperty("do_lower_case").GetBoolean());
        Assert.Equal(8, tokenizer.RootElement.GetProperty("model_max_length").GetInt32());
    }

    [Fact]
    public void Equal_models_are_equal_files()
    {
        var graph = SyntheticGraph.Create(SmallModel.Architecture, 3);
        Assert.Equal(OnnxExporter.Build(graph).ToBytes(), OnnxExporter.Build(graph).ToBytes());
    }

    [Fact]
    public void An_artifact_takes_its_onnx_file_into_its_own_folder_and_stays_whole()
    {
        using var folder = new TempFolder();
        var path = SmallModel.Write(folder);
        OnnxExporter.Write(ArtifactReader.Read(path), Path.Combine(path, "model.onnx"));
        OnnxExporter.Write(ArtifactReader.Read(path), Path.Combine(path, "model.onnx"));
        Assert.True(File.Exists(Path.Combine(path, "tokenizer_config.json")));
    }

    [Fact]
    public void Another_models_files_are_not_replaced_and_a_folder_is_not_a_file()
    {
        using var folder = new TempFolder();
        var artifact = ArtifactReader.Read(SmallModel.Write(folder));
        var config = folder.WriteText("out/config.json", "{}");
        var vocabulary = folder.WriteText("out/vocab.txt", "[PAD]\n");
        var e = Assert.Throws<QatKitException>(() => OnnxExporter.Write(artifact, folder.Combine("out", "m.onnx")));
        Assert.Equal(
            [
                $"QK4302 {config}: another model's file is here, and it is not replaced. Choose another folder for the ONNX file, or remove this one.",
                $"QK4302 {vocabulary}: another model's file is here, and it is not replaced. Choose another folder for the ONNX file, or remove this one.",
            ],
            e.Diagnostics.Select(d => d.ToString()));
        Assert.Equal(2, Directory.GetFiles(folder.Combine("out")).Length);
        e = Assert.Throws<QatKitException>(() => OnnxExporter.Write(artifact, folder.Combine("out")));
        Assert.Equal($"QK4303 {folder.Combine("out")}: this is a folder. Name a file, for example model.onnx in it.", e.Message);
    }

    [Fact]
    public void Every_changed_code_scale_or_value_is_found_when_the_file_is_read_back()
    {
        var graph = SmallModel.Graph();
        var written = OnnxModel.Parse(OnnxExporter.Build(graph).ToBytes(), "m.onnx");
        OnnxComparison.RequireEqual(graph, written);
        var other = SmallModel.Graph(seed: 2);
        var e = Assert.Throws<QatKitException>(() => OnnxComparison.RequireEqual(other, written));
        var tensors = e.Diagnostics.Select(d => d.Location["m.onnx: ".Length..]).ToHashSet();
        Assert.All(e.Diagnostics, d => Assert.Equal("QK4320", d.Code));
        // Scales of activations are equal in both, and the type embedding's are too few to miss.
        string[] expected =
        [
            .. TensorNames.Linears(1).SelectMany(l => new[] { TensorNames.Weight(l), TensorNames.Bias(l) }),
            .. TensorNames.LayerNorms(1).SelectMany(n => new[] { TensorNames.Weight(n), TensorNames.Bias(n) }),
            .. TensorNames.Embeddings.Select(TensorNames.Weight),
            .. graph.Linears.Where(l => l.Int8Weight is not null).Select(l => TensorNames.WeightScale(l.Name)),
        ];
        Assert.Equal(expected.Order(), tensors.Order());
    }

    [Fact]
    public void Random_damage_never_crashes_the_reader()
    {
        var bytes = OnnxExporter.Build(SmallModel.Graph()).ToBytes();
        var random = new Random(1);
        var refused = 0;
        for (var i = 0; i < 300; i++)
        {
            var damaged = (byte[])bytes.Clone();
            for (var j = 0; j < 4; j++) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            if (i % 3 == 0) damaged = damaged[..random.Next(damaged.Length)];
            try
            {
                if (OnnxChecker.Problems(OnnxModel.Parse(damaged, "m.onnx")).Count > 0) refused++;
            }
            catch (QatKitException e)
            {
                Assert.Equal("QK4310", e.Diagnostics[0].Code);
                refused++;
            }
        }

        Assert.InRange(refused, 100, 300); // A changed weight is no damage that structure shows.
    }

    [Fact]
    public void A_file_that_is_no_onnx_model_is_named()
    {
        using var folder = new TempFolder();
        var path = folder.WriteText("m.onnx", "");
        Assert.Equal($"QK4310 {path}: the file has no graph or no operator set, so it is no ONNX model. Pass the .onnx file of a model.",
            Assert.Throws<QatKitException>(() => OnnxSummary.Read(path)).Message);
        Assert.StartsWith($"QK4001 {folder.Combine("none.onnx")}: the file cannot be read: ", Assert.Throws<QatKitException>(() => OnnxSummary.Read(folder.Combine("none.onnx"))).Message, StringComparison.Ordinal);
    }
}
