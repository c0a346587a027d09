using System.Text.Json.Nodes;
using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.TestKit;

namespace QatKit.Export.Tests;

/// <summary>The whole message of every way in which an artifact can be wrong.</summary>
public sealed class ArtifactErrorTests : IDisposable
{
    private const string Pooler = "bert.pooler.dense";
    private readonly TempFolder _folder = new();
    private readonly string _path;
    private readonly ArtifactImage _image;

    public ArtifactErrorTests()
    {
        _path = SmallModel.Write(_folder);
        _image = ArtifactImage.Load(_path);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_missing_folder_is_named()
    {
        var path = _folder.Combine("nowhere");
        var error = Assert.Throws<QatKitException>(() => ArtifactReader.Read(path));
        Assert.Equal($"QK4010 {path}: the folder does not exist.", error.Message);
    }

    [Fact]
    public void Missing_files_are_all_named()
    {
        _image.Files.Remove("config.json");
        _image.Files.Remove("qatkit.json");
        AssertRefused(
            "2 problems:",
            $"QK4010 {Path.Combine(_path, "config.json")}: the file does not exist. The folder is not a complete artifact: copy or export it again.",
            $"QK4010 {Path.Combine(_path, "qatkit.json")}: the file does not exist. The folder is not a complete artifact: copy or export it again.");
    }

    [Fact]
    public void A_missing_vocabulary_is_named()
    {
        _image.Files.Remove("vocab.txt");
        AssertRefused($"QK4010 {Path.Combine(_path, "vocab.txt")}: the file does not exist. The folder is not a complete artifact: copy or export it again.");
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("qatkit.json")]
    [InlineData("vocab.txt")]
    public void A_corrupt_file_is_refused(string name)
    {
        var before = Checksums.Of(_image.Files[name]);
        _image.Files[name][^3] ^= 4;
        AssertRefused(Damaged(name, before));
    }

    [Fact]
    public void A_header_has_what_is_no_tensor_and_reads_none()
    {
        _image.Files["model.safetensors"] = [];
        _image.WriteTo(_path);
        var header = ArtifactReader.ReadHeader(_path);
        Assert.Equal((_path, Path.Combine(_path, "vocab.txt")), (header.Directory, header.VocabularyPath));
        Assert.Equal(["negative", "positive"], header.Manifest.Details.Labels);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("qatkit.json")]
    [InlineData("vocab.txt")]
    public void The_header_of_a_folder_with_a_corrupt_file_is_refused(string name)
    {
        var before = Checksums.Of(_image.Files[name]);
        _image.Files[name][^3] ^= 4;
        _image.WriteTo(_path);
        Assert.Equal(Damaged(name, before), Assert.Throws<QatKitException>(() => ArtifactReader.ReadHeader(_path)).Message);
    }

    [Fact]
    public void A_truncated_file_is_refused()
    {
        var before = Checksums.Of(_image.Files["model.safetensors"]);
        _image.Files["model.safetensors"] = _image.Files["model.safetensors"][..1000];
        AssertRefused(Damaged("model.safetensors", before));
    }

    [Fact]
    public void A_truncated_file_under_a_new_seal_is_refused()
    {
        _image.Files["model.safetensors"] = _image.Files["model.safetensors"][..1000];
        var length = BitConverter.ToInt64(_image.Files["model.safetensors"]);
        _image.Seal();
        AssertRefused($"QK4002 {Path.Combine(_path, "model.safetensors")}: the header needs {length} bytes, the file has 992 after its length. The file is truncated: copy it again.");
    }

    [Theory]
    [InlineData("  config.json", " config.json", "the line is not a SHA-256 sum, two blanks and a file name.")]
    [InlineData("  config.json", "  sub/config.json", "the line is not a SHA-256 sum, two blanks and a file name.")]
    [InlineData("  model.safetensors", "  config.json", "'config.json' occurs twice.")]
    public void Bad_checksums_are_refused(string old, string with, string reason)
    {
        var line = old.Contains("model", StringComparison.Ordinal) ? 2 : 1;
        _image.Replace("SHA256SUMS", old, with);
        AssertRefused($"QK4011 {Path.Combine(_path, "SHA256SUMS")}({line}): {reason} The artifact is damaged: copy or export it again.");
    }

    [Fact]
    public void A_file_without_a_checksum_is_refused()
    {
        _image.Replace("SHA256SUMS", $"{Checksums.Of(_image.Files["vocab.txt"])}  vocab.txt\n", "");
        AssertRefused($"QK4011 {Path.Combine(_path, "SHA256SUMS")}: there is no sum of vocab.txt. The artifact is damaged: copy or export it again.");
    }

    [Theory]
    [InlineData("numericsVersion", "numerics")]
    [InlineData("formatVersion", "format")]
    public void A_newer_version_is_refused_before_anything_else_is_read(string member, string what)
    {
        _image.Replace("qatkit.json", $"\"{member}\": 1,", $"\"{member}\": 2, \"somethingNew\": true,").Seal();
        AssertRefused($"QK4014 {Path.Combine(_path, "qatkit.json")}: the artifact has {what} version 2, this program knows up to 1. Update QatKit, or export the model again with this version.");
    }

    [Fact]
    public void An_unknown_version_is_refused()
    {
        _image.Replace("qatkit.json", "\"numericsVersion\": 1", "\"numericsVersion\": 0").Seal();
        AssertRefused($"QK4014 {Path.Combine(_path, "qatkit.json")}: the artifact has numerics version 0, this program knows only 1. Export the model again with this version.");
    }

    [Fact]
    public void A_missing_version_is_refused()
    {
        _image.Replace("qatkit.json", "\"numericsVersion\": 1,", "").Seal();
        AssertRefused($"QK4013 {Path.Combine(_path, "qatkit.json")}: 'numericsVersion' is not an integer. The file is not QatKit's, or it is damaged: export the model again.");
    }

    [Fact]
    public void Members_that_are_unknown_duplicate_missing_or_mistyped_are_all_named()
    {
        _image.Replace("qatkit.json", "\"lowerCase\": true", "\"lowercase\": true")
            .Replace("qatkit.json", "\"seed\": \"1\"", "\"seed\": 1")
            .Replace("qatkit.json", "\"dev.flips\": 3", "\"dev.flips\": 1e999")
            .Replace("qatkit.json", "\"bert.embeddings.LayerNorm\": -3", "\"bert.embeddings.LayerNorm\": -3.5")
            .Replace("qatkit.json", "\"width\": \"int16\"\n    }\n  }", "\"width\": \"int61\"\n    }\n  }")
            .Replace("qatkit.json", "\"maxSequenceLength\": 8,", "\"maxSequenceLength\": 8, \"maxSequenceLength\": 7,")
            .Seal();
        var manifest = Path.Combine(_path, "qatkit.json");
        AssertRefused(
            "7 problems:",
            $"QK4013 {manifest}: 'details.maxSequenceLength' occurs twice.",
            $"QK4013 {manifest}: 'details.lowerCase' is missing.",
            $"QK4013 {manifest}: 'details.provenance.seed' is not a string.",
            $"QK4013 {manifest}: 'details.evaluation.dev.flips' is not a finite number.",
            $"QK4013 {manifest}: 'details.lowercase' is unknown. Did you mean 'lowerCase'?",
            $"QK4013 {manifest}: 'layers.classifier.width' is 'int61'. Known: int8, int16.",
            $"QK4013 {manifest}: 'layerNormExponents.bert.embeddings.LayerNorm' is not an integer of 32 bits.");
    }

    [Fact]
    public void A_missing_section_is_reported_once()
    {
        var text = System.Text.Encoding.UTF8.GetString(_image.Files["qatkit.json"]);
        var start = text.IndexOf("\"details\"", StringComparison.Ordinal);
        var end = text.IndexOf("\"embeddings\"", StringComparison.Ordinal);
        _image.Replace("qatkit.json", text[start..end], "").Seal();
        AssertRefused($"QK4013 {Path.Combine(_path, "qatkit.json")}: 'details' is missing.");
    }

    [Theory]
    [InlineData("config.json", "[1]", "the file holds no JSON object.")]
    [InlineData("qatkit.json", "3", "the file holds no JSON object.")]
    [InlineData("qatkit.json", "{\"\\ud800\": 1, \"formatVersion\": 1, \"numericsVersion\": 1}", "the JSON has a string with an incomplete escaped character.")]
    public void What_is_no_object_of_members_is_refused(string name, string content, string reason)
    {
        _image.Files[name] = System.Text.Encoding.UTF8.GetBytes(content);
        _image.Seal();
        AssertRefused($"QK4013 {Path.Combine(_path, name)}: {reason}");
    }

    [Fact]
    public void Malformed_json_is_refused_with_its_place()
    {
        _image.Replace("qatkit.json", "{\n  \"formatVersion\": 1,", "{\n  \"formatVersion\" 1,").Seal();
        var problem = Assert.Single(Refused().Diagnostics);
        Assert.Equal(("QK4013", $"{Path.Combine(_path, "qatkit.json")}(2,19)"), (problem.Code, problem.Location));
        // The rest is the JSON library's own reason.
        Assert.StartsWith("the JSON is not valid: ", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Config_problems_are_all_named()
    {
        _image.Replace("config.json", "\"model_type\": \"bert\"", "\"model_type\": \"roberta\"")
            .Replace("config.json", "\"hidden_act\": \"gelu\"", "\"hidden_act\": \"relu\"")
            .Replace("config.json", "\"absolute\"", "\"relative_key\"")
            .Replace("config.json", "\"hidden_size\": 16,", "")
            .Replace("config.json", "\"num_attention_heads\": 2", "\"num_attention_heads\": -2")
            .Replace("config.json", "int-quantized", "pack-quantized")
            .Replace("config.json", "1E-12", "0")
            .Seal();
        var config = Path.Combine(_path, "config.json");
        AssertRefused(
            "7 problems:",
            $"QK4015 {config}: 'model_type' is \"roberta\". Only \"bert\" is supported.",
            $"QK4015 {config}: 'hidden_act' is \"relu\". Only \"gelu\" is supported.",
            $"QK4015 {config}: 'position_embedding_type' is \"relative_key\". Only \"absolute\" is supported.",
            $"QK4015 {config}: 'quantization_config.format' is not \"int-quantized\": this is no exported model. Export the checkpoint first.",
            $"QK4015 {config}: 'hidden_size' is missing.",
            $"QK4015 {config}: 'num_attention_heads' is -2, which is not an integer from 1 to 2147483647.",
            $"QK4015 {config}: 'layer_norm_eps' is 0, which is not a positive number.");
    }

    [Fact]
    public void A_config_of_another_model_is_refused()
    {
        _image.Replace("config.json", "\"num_hidden_layers\": 1", "\"num_hidden_layers\": 2147483647").Seal();
        AssertRefused($"QK4016 {Path.Combine(_path, "qatkit.json")}: 'layers' has 8 entries, num_hidden_layers = 2147483647 needs 12884901884.");
    }

    [Fact]
    public void Manifest_problems_are_all_named()
    {
        _image.Replace("qatkit.json", "\"bert.pooler.dense\": {", "\"bert.poler.dense\": {")
            .Replace("qatkit.json", "\"bert.embeddings.LayerNorm\": -3", "\"bert.embeddings.Layer\": -3")
            .Replace("qatkit.json", "\"positive\"", "\"negative\"")
            .Replace("qatkit.json", "\"maxSequenceLength\": 8", "\"maxSequenceLength\": 9")
            .Seal();
        var manifest = Path.Combine(_path, "qatkit.json");
        AssertRefused(
            "6 problems:",
            $"QK4016 {manifest}: 'layers' lacks 'bert.pooler.dense'. Did you mean 'bert.poler.dense'?",
            $"QK4016 {manifest}: 'layers' has the unknown 'bert.poler.dense'.",
            $"QK4016 {manifest}: 'layerNormExponents' lacks 'bert.embeddings.LayerNorm'. Did you mean 'bert.embeddings.Layer'?",
            $"QK4016 {manifest}: 'layerNormExponents' has the unknown 'bert.embeddings.Layer'.",
            $"QK4016 {manifest}: the label 'negative' occurs 2 times.",
            $"QK4016 {manifest}: the longest sequence is 9, outside 1..8 (max_position_embeddings).");
    }

    [Theory]
    [InlineData(0f, "0")]
    [InlineData(-0.5f, "-0.5")]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.PositiveInfinity, "Infinity")]
    [InlineData(1e-45f, "1E-45")]
    public void An_invalid_scale_is_refused_with_its_tensor(float scale, string text)
    {
        Edit(t =>
        {
            t.Floats(Pooler + ".input_scale")[0] = scale;
            t.Floats("bert.encoder.layer.0.attention.self.key.output_scale")[0] = scale;
        });
        AssertRefused(
            "2 problems:",
            $"QK2001 bert.encoder.layer.0.attention.self.key.output_scale: scale {text} is not a positive, finite, normal number. Calibrate again; a dead tensor needs data that reaches it.",
            $"QK2001 {Pooler}.input_scale: scale {text} is not a positive, finite, normal number. Calibrate again; a dead tensor needs data that reaches it.");
    }

    [Fact]
    public void An_invalid_weight_scale_is_refused_with_its_tensor()
    {
        Edit(t =>
        {
            t.Floats(Pooler + ".weight_scale")[2] = 0;
            t.Floats("bert.embeddings.word_embeddings.weight_scale")[7] = float.NaN;
        });
        AssertRefused(
            "2 problems:",
            "QK2001 bert.embeddings.word_embeddings.weight_scale: scale NaN is not a positive, finite, normal number. Calibrate again; a dead tensor needs data that reaches it.",
            $"QK2001 {Pooler}.weight_scale: scale 0 is not a positive, finite, normal number. Calibrate again; a dead tensor needs data that reaches it.");
    }

    [Fact]
    public void An_inverse_that_is_not_the_reciprocal_is_refused()
    {
        var (scale, inverse) = (0f, 0f);
        Edit(t =>
        {
            scale = t.Floats(Pooler + ".input_scale")[0];
            inverse = t.Floats(Pooler + ".input_scale_inverse")[0];
            t.Floats(Pooler + ".input_scale_inverse")[0] = MathF.BitIncrement(inverse);
        });
        AssertRefused($"QK4024 {TensorPath}: tensor '{Pooler}.input_scale_inverse' is {MathF.BitIncrement(inverse):R}; the float32 reciprocal of the scale {scale:R} is {inverse:R}. Export the model again.");
    }

    [Fact]
    public void Another_mask_is_refused()
    {
        string expected = "", actual = "";
        Edit(t =>
        {
            // Another legal mask of the same weights' shape.
            var mask = t.Bytes(Pooler + ".weight_mask");
            expected = Checksums.Of(mask);
            mask[0] = mask[0] == 0b0011_0011 ? (byte)0b1100_1100 : (byte)0b0011_0011;
            actual = Checksums.Of(mask);
        });
        AssertRefused($"QK4025 {TensorPath}: tensor '{Pooler}.weight_mask' has the SHA-256 sum {actual}, qatkit.json says {expected}. The mask is not the one that was trained: export the model again.");
    }

    [Fact]
    public void Missing_and_extra_tensors_are_all_named()
    {
        Edit(t =>
        {
            var entry = t.Header["classifier.bias"]!.DeepClone();
            t.Header.Remove("classifier.bias");
            t.Header["classifier.bais"] = entry;
            t.Header["unrelated.thing.of.another.model"] = JsonNode.Parse($$"""{"dtype":"I8","shape":[1],"data_offsets":[{{t.Data.Length}},{{t.Data.Length + 1}}]}""");
            t.Data = [.. t.Data, 7];
        });
        AssertRefused(
            "3 problems:",
            $"QK4020 {TensorPath}: there is no tensor 'classifier.bias'. Did you mean 'classifier.bais'?",
            $"QK4021 {TensorPath}: tensor 'classifier.bais' does not belong to this model.",
            $"QK4021 {TensorPath}: tensor 'unrelated.thing.of.another.model' does not belong to this model.");
    }

    [Fact]
    public void Another_type_and_another_shape_are_refused()
    {
        Edit(t =>
        {
            t.Header["classifier.bias"]!["dtype"] = "I32";
            t.Header["classifier.weight"]!["shape"] = new JsonArray(16, 2);
        });
        AssertRefused(
            "2 problems:",
            $"QK4023 {TensorPath}: tensor 'classifier.weight' has the shape [16, 2], expected [2, 16].",
            $"QK4022 {TensorPath}: tensor 'classifier.bias' has the type I32, expected F32.");
    }

    private string TensorPath => Path.Combine(_path, "model.safetensors");

    private void Edit(Action<SafetensorsImage> edit)
    {
        var tensors = new SafetensorsImage(_image);
        edit(tensors);
        tensors.Save().Seal();
    }

    private string Damaged(string name, string before) =>
        $"QK4012 {Path.Combine(_path, name)}: the SHA-256 sum is {Checksums.Of(_image.Files[name])}, SHA256SUMS says {before}. The file is damaged or was changed: copy or export the artifact again.";

    private QatKitException Refused()
    {
        _image.WriteTo(_path);
        return Assert.Throws<QatKitException>(() => ArtifactReader.Read(_path));
    }

    private void AssertRefused(params string[] lines) => Assert.Equal(string.Join(Environment.NewLine, lines), Refused().Message);
}
