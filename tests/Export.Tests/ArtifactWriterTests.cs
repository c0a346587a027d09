using System.Diagnostics;
using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.TestKit;

namespace QatKit.Export.Tests;

public sealed class ArtifactWriterTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Target => _folder.Combine("model");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_artifact_comes_back_bit_for_bit()
    {
        var artifact = ArtifactReader.Read(SmallModel.Write(_folder));
        Assert.Empty(GraphComparison.Differences(SmallModel.Graph(), artifact.Graph));
        Assert.NotEmpty(GraphComparison.Differences(SmallModel.Graph(2), artifact.Graph));
        Assert.Equal(Target, artifact.Directory);
        Assert.Equal(Path.Combine(Target, "vocab.txt"), artifact.VocabularyPath);
        Assert.Equal("[PAD]\n[UNK]\nwort\n", File.ReadAllText(artifact.VocabularyPath!));
        var details = artifact.Manifest.Details;
        Assert.Equal(SmallModel.Details.Labels, details.Labels);
        Assert.Equal(SmallModel.Details.Provenance, details.Provenance);
        Assert.Equal(SmallModel.Details.Evaluation, details.Evaluation);
        Assert.True(details.LowerCase);
        Assert.Equal(8, details.MaxSequenceLength);
        Assert.StartsWith("QatKit 0.", artifact.Manifest.Producer, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_model_gives_the_same_bytes()
    {
        var first = SmallModel.Write(_folder);
        var before = Directory.GetFiles(first).Order().Select(f => (f, Checksums.Of(File.ReadAllBytes(f)))).ToList();
        SmallModel.Write(_folder);
        Assert.Equal(before, Directory.GetFiles(first).Order().Select(f => (f, Checksums.Of(File.ReadAllBytes(f)))));
        Assert.Equal(["SHA256SUMS", "config.json", "model.safetensors", "qatkit.json", "vocab.txt"], before.Select(f => Path.GetFileName(f.f)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_model_without_a_vocabulary_has_none()
    {
        var written = SmallModel.Export(SmallModel.Graph(), SmallModel.Details, null, Target);
        Assert.Null(written.VocabularyPath);
        Assert.Null(ArtifactReader.Read(Target).VocabularyPath);
    }

    [Fact]
    public void Sha256sum_accepts_the_checksums()
    {
        var path = SmallModel.Write(_folder);
        if (!File.Exists("/usr/bin/sha256sum")) Assert.Skip("There is no sha256sum on this system.");
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/sha256sum", "-c --strict SHA256SUMS") { WorkingDirectory = path, RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal("config.json: OK\nmodel.safetensors: OK\nqatkit.json: OK\nvocab.txt: OK\n", output);
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public void An_older_artifact_is_replaced()
    {
        SmallModel.Write(_folder);
        SmallModel.Write(_folder, seed: 2);
        Assert.Empty(GraphComparison.Differences(SmallModel.Graph(2), ArtifactReader.Read(Target).Graph));
        AssertNothingElse();
    }

    [Fact]
    public void A_folder_that_is_no_artifact_is_not_replaced()
    {
        _folder.WriteText("model/thesis.txt", "years of work");
        var error = Assert.Throws<QatKitException>(() => SmallModel.Write(_folder));
        Assert.Equal($"QK4030 {Target}: the folder is not empty and has no qatkit.json, so it is not replaced. Choose another folder.", error.Message);
        Assert.Equal("years of work", File.ReadAllText(_folder.Combine("model", "thesis.txt")));
        Assert.Single(Directory.GetFileSystemEntries(Target));
    }

    [Fact]
    public void What_lies_beside_an_older_artifact_is_carried_over()
    {
        SmallModel.Write(_folder);
        _folder.WriteText("model/model.onnx", "onnx");
        _folder.WriteText("model/tokenizer_config.json", "{}");
        _folder.WriteText("model/kernels/sm_80/k.cubin", "code");
        Directory.CreateDirectory(_folder.Combine("model", "empty"));
        SmallModel.Export(SmallModel.Graph(2), SmallModel.Details, null, Target);
        Assert.Empty(GraphComparison.Differences(SmallModel.Graph(2), ArtifactReader.Read(Target).Graph));
        Assert.Equal(
            ["SHA256SUMS", "config.json", "empty", "kernels", "model.onnx", "model.safetensors", "qatkit.json", "tokenizer_config.json"],
            Directory.GetFileSystemEntries(Target).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(("onnx", "code"), (File.ReadAllText(Path.Combine(Target, "model.onnx")), File.ReadAllText(Path.Combine(Target, "kernels", "sm_80", "k.cubin"))));
        AssertNothingElse();
    }

    [Fact]
    public void A_folder_in_the_place_of_a_file_is_not_replaced()
    {
        SmallModel.Export(SmallModel.Graph(), SmallModel.Details, null, Target);
        _folder.WriteText("model/vocab.txt/thesis.txt", "years of work");
        var error = Assert.Throws<QatKitException>(() => SmallModel.Write(_folder, seed: 2));
        Assert.Equal($"QK4030 {Target}: 'vocab.txt' in it is a folder, and the artifact has a file of this name. Choose another folder.", error.Message);
        Assert.Equal("years of work", File.ReadAllText(_folder.Combine("model", "vocab.txt", "thesis.txt")));
    }

    [Fact]
    public void An_older_artifact_that_cannot_be_deleted_is_told_and_the_new_one_is_in_place()
    {
        SmallModel.Write(_folder);
        SmallModel.Export(SmallModel.Graph(2), SmallModel.Details, null, _folder.Combine("new"));
        var error = Assert.Throws<QatKitException>(() => FolderSwap.Replace(_folder.Combine("new"), Target, _ => throw new IOException("Device or resource busy.")));
        var old = Assert.Single(Directory.GetDirectories(_folder.Path, "model.*.old"));
        Assert.Equal($"QK4033 {Target}: the new artifact is in place, but the older one, moved aside to '{old}', cannot be cleared away: Device or resource busy. Move what you need from there, and delete it.", error.Message);
        Assert.Empty(GraphComparison.Differences(SmallModel.Graph(2), ArtifactReader.Read(Target).Graph));
        Assert.Empty(GraphComparison.Differences(SmallModel.Graph(), ArtifactReader.Read(old).Graph));
    }

    [Fact]
    public void A_file_is_not_replaced()
    {
        _folder.WriteText("model", "text");
        var error = Assert.Throws<QatKitException>(() => SmallModel.Write(_folder));
        Assert.Equal($"QK4030 {Target}: this is a file. Choose another folder.", error.Message);
        Assert.Equal("text", File.ReadAllText(Target));
    }

    [Fact]
    public void Details_that_do_not_fit_are_all_reported()
    {
        var vocabulary = _folder.WriteText("words.txt", string.Concat(Enumerable.Repeat("x\n", 21)));
        var details = SmallModel.Details with
        {
            Labels = ["a", "a", ""],
            MaxSequenceLength = 9,
            Evaluation = new Dictionary<string, double> { ["loss"] = double.NaN },
        };
        var error = Assert.Throws<QatKitException>(() => SmallModel.Export(SmallModel.Graph(), details, vocabulary, Target));
        Assert.Equal(
            string.Join(
                Environment.NewLine,
                "6 problems:",
                $"QK4031 {Target}: there are 3 labels, the classifier has 2 outputs.",
                $"QK4031 {Target}: a label is empty.",
                $"QK4031 {Target}: the label 'a' occurs 2 times.",
                $"QK4031 {Target}: the longest sequence is 9, outside 1..8 (max_position_embeddings).",
                $"QK4031 {Target}: the metric 'loss' is NaN; metrics are finite.",
                $"QK4031 {vocabulary}: the vocabulary has 21 lines, the model has 20 word embeddings. Use the vocabulary that the model was trained with."),
            error.Message);
        Assert.False(Directory.Exists(Target));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(3000)]
    [InlineData(15000)]
    public void A_full_disk_leaves_the_older_artifact_and_nothing_else(int room)
    {
        SmallModel.Write(_folder, seed: 2);
        var left = room;
        var error = Assert.Throws<QatKitException>(() => ArtifactWriter.Write(
            SmallModel.Graph(), SmallModel.Details, null, Target, path => new FullDisk(path, n => (left -= n) >= 0), TestContext.Current.CancellationToken));
        Assert.Equal($"QK4008 {Target}: the artifact cannot be written: No space left on device Check the folder's rights and the free space.", error.Message);
        Assert.Empty(GraphComparison.Differences(SmallModel.Graph(2), ArtifactReader.Read(Target).Graph));
        AssertNothingElse();
    }

    [Fact]
    public void A_disk_that_changes_bytes_is_noticed()
    {
        var error = Assert.Throws<QatKitException>(() => ArtifactWriter.Write(
            SmallModel.Graph(), SmallModel.Details, null, Target, path => new FaultyDisk(path), TestContext.Current.CancellationToken));
        Assert.Equal("QK4012", Assert.Single(error.Diagnostics).Code);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Cancelling_leaves_the_older_artifact_and_nothing_else()
    {
        SmallModel.Write(_folder, seed: 2);
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => ArtifactWriter.Write(
            SmallModel.Graph(),
            SmallModel.Details,
            null,
            Target,
            path =>
            {
                if (path.EndsWith("model.safetensors", StringComparison.Ordinal)) source.Cancel();
                return new FileStream(path, FileMode.CreateNew);
            },
            source.Token));
        Assert.Empty(GraphComparison.Differences(SmallModel.Graph(2), ArtifactReader.Read(Target).Graph));
        AssertNothingElse();
    }

    [Fact]
    public void A_folder_without_write_permission_is_reported()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows folders have no such permission.");
        var locked = Directory.CreateDirectory(_folder.Combine("locked"));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(locked.FullName, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        if (CanWriteTo(locked.FullName)) Assert.Skip("This user may write to every folder.");
        var target = Path.Combine(locked.FullName, "model");
        var error = Assert.Throws<QatKitException>(() => SmallModel.Export(SmallModel.Graph(), SmallModel.Details, null, target));
        Assert.Equal("QK4008", Assert.Single(error.Diagnostics).Code);
        Assert.Empty(Directory.GetFileSystemEntries(locked.FullName));
    }

    [Fact]
    public void A_folder_below_a_file_is_reported()
    {
        var target = Path.Combine(_folder.WriteText("file", ""), "model");
        var error = Assert.Throws<QatKitException>(() => SmallModel.Export(SmallModel.Graph(), SmallModel.Details, null, target));
        Assert.Equal(("QK4008", target), (error.Diagnostics[0].Code, error.Diagnostics[0].Location));
    }

    [Fact]
    public void A_graph_that_breaks_the_contract_is_not_written()
    {
        var graph = SmallModel.Graph();
        graph.Pooler.Bias[3] = float.NaN;
        var error = Assert.Throws<QatKitException>(() => SmallModel.Export(graph, SmallModel.Details, null, Target));
        Assert.Equal("QK2003 bert.pooler.dense.bias: element 3 is NaN; values must be finite.", error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    private static bool CanWriteTo(string folder)
    {
        try
        {
            var probe = Path.Combine(folder, "probe");
            File.WriteAllText(probe, "");
            File.Delete(probe);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void AssertNothingElse() =>
        Assert.Equal(["model", "words.txt"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    private sealed class FullDisk(string path, Func<int, bool> hasRoom) : FileStream(path, FileMode.CreateNew)
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (!hasRoom(buffer.Length)) throw new IOException("No space left on device");
            base.Write(buffer);
        }
    }

    private sealed class FaultyDisk(string path) : FileStream(path, FileMode.CreateNew)
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            var copy = buffer.ToArray();
            if (Name.EndsWith("qatkit.json", StringComparison.Ordinal)) copy[^1] ^= 1;
            base.Write(copy);
        }
    }
}
