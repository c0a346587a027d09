using CsCheck;
using QatKit.Core.Diagnostics;
using QatKit.TestKit;
using QatKit.Training.Data;

namespace QatKit.Training.Tests.Data;

public sealed class DatasetLoaderTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Glue_quotes_are_ordinary_characters_and_a_byte_order_mark_is_skipped()
    {
        var data = Load("\uFEFFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t7\t8\the said \"no .\t\" Yes\" it was .\n", DataFormat.Mrpc);
        Assert.Equal([new TextExample("he said \"no .", "\" Yes\" it was .", 1)], data.Examples);
    }

    [Theory]
    [InlineData(DataFormat.Sst2, "sentence\tlabel\ngood film \t1\n", "good film ", null, 1f)]
    [InlineData(DataFormat.Rte, "index\tsentence1\tsentence2\tlabel\n0\ta b\tc\tnot_entailment\n", "a b", "c", 1f)]
    [InlineData(DataFormat.Cola, "gj04\t0\t*\tThey drank the pub.\n", "They drank the pub.", null, 0f)]
    [InlineData(DataFormat.Stsb, "index\tgenre\tsentence1\tsentence2\tscore\n0\tx\ta\tb\t3.800\n", "a", "b", 3.8f)]
    [InlineData(DataFormat.Qnli, "index\tquestion\tsentence\tlabel\n0\tq?\ts.\tentailment\n", "q?", "s.", 0f)]
    [InlineData(DataFormat.Mnli, "index\tpairID\tsentence1\tsentence2\tlabel1\tgold_label\n0\tp\ta\tb\tneutral\tcontradiction\n", "a", "b", 2f)]
    public void Every_glue_layout_is_read(DataFormat format, string content, string text, string? pair, float label) =>
        Assert.Equal([new TextExample(text, pair, label)], Load(content, format).Examples);

    [Theory]
    [InlineData(DataFormat.Sst2, "index\tsentence\n0\tgood\n")]
    [InlineData(DataFormat.Cola, "index\tsentence\n0\tgood\n")]
    public void Test_splits_have_no_labels(DataFormat format, string content)
    {
        Assert.Equal([new TextExample("good", null, null)], Load(content, format, requireLabels: false).Examples);
        var e = Assert.Throws<QatKitException>(() => Load(content, format));
        Assert.Equal($"QK1104 {Path}: 1 of 1 rows have no label (column 'label'). Use a split with labels here.", e.Message);
    }

    [Fact]
    public void Csv_follows_rfc_4180_and_counts_lines()
    {
        var layout = new DataLayout(DataFormat.Csv, "review", null, "class", ["bad", "good"]);
        var data = Load("class,review\ngood,\"one, \"\"two\"\"\nthree\"\nbad,four\n", layout);
        Assert.Equal([new TextExample("one, \"two\"\nthree", null, 1), new TextExample("four", null, 0)], data.Examples);
        var e = Assert.Throws<QatKitException>(() => Load("class,review\ngood,\"a\nb\"\nbda,x\n", layout));
        Assert.Equal($"QK1103 {Path}(4): the label 'bda' is none of bad, good and no index from 0 to 1. Did you mean 'bad'? Correct the row.", e.Message);
    }

    [Fact]
    public void Json_lines_take_names_and_indices_as_labels()
    {
        var layout = new DataLayout(DataFormat.Jsonl, "a", "b", "y", ["no", "yes"]);
        var data = Load("{\"a\":\"x\",\"b\":\"z\",\"y\":1}\n\n{\"a\":\"x\",\"b\":\"z\",\"y\":\"no\"}\n", layout);
        Assert.Equal([new TextExample("x", "z", 1), new TextExample("x", "z", 0)], data.Examples);
        var e = Assert.Throws<QatKitException>(() => Load("{\"a\":\"x\"}\n[1]\n{\"a\":\n{\"a\":\"x\",\"b\":3,\"y\":1}\n", layout));
        Assert.Equal(
            $"""
            4 problems:
            QK1103 {Path}(1): the key 'b' is missing. Correct task.columns of the recipe; verify takes the columns from the recipe of --checkpoint, export from that of the run.
            QK1103 {Path}(2): the line is not a JSON object. Write one object per line.
            QK1103 {Path}(3): the line is not valid JSON (byte 5). Correct the line.
            QK1103 {Path}(4): the value of 'b' is not a string. Correct the line.
            """, e.Message);
    }

    [Fact]
    public void Classes_that_are_called_by_numbers_are_not_mixed_with_indices()
    {
        var ratings = new DataLayout(DataFormat.Tsv, "text", null, "label", ["1", "2", "3"]);
        Assert.Equal([0f, 2f], Load("text\tlabel\nx\t1\ny\t3\n", ratings).Examples.Select(e => e.Label!.Value));
        var e = Assert.Throws<QatKitException>(() => Load("text\tlabel\nx\t0\n", ratings));
        Assert.Equal($"QK1103 {Path}(2): the label '0' is none of 1, 2, 3. Correct the row.", e.Message);
    }

    [Fact]
    public void Half_a_surrogate_pair_in_json_is_a_bad_row()
    {
        var e = Assert.Throws<QatKitException>(() => Load("{\"text\": \"\\ud800\", \"label\": 1}\n", new DataLayout(DataFormat.Jsonl, "text", null, "label", ["a", "b"])));
        Assert.Equal($"QK1103 {Path}(1): the line has a text with an incomplete escaped character. Correct the line.", e.Message);
    }

    // Whatever the bytes, the answer is a data set or a message.
    [Theory]
    [InlineData(DataFormat.Csv, "text,label\n\"a \"\"b\"\", c\",1\nd,0\n")]
    [InlineData(DataFormat.Tsv, "text\tlabel\na \"b\t1\nd\t0\n")]
    [InlineData(DataFormat.Jsonl, "{\"text\": \"a \\u00e9\", \"label\": 1}\n{\"text\": \"d\", \"label\": \"no\"}\n")]
    public void Damaged_files_never_crash(DataFormat format, string content)
    {
        var good = System.Text.Encoding.UTF8.GetBytes(content);
        var layout = new DataLayout(format, "text", null, "label", ["no", "yes"]);
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, good.Length], Gen.Byte.Array[0, 3]).Sample((at, value, length, more) =>
        {
            byte[] bytes = [.. good[..length], .. more];
            if (at < bytes.Length) bytes[at] = value;
            File.WriteAllBytes(Path, bytes);
            try
            {
                DatasetLoader.Load(Path, layout);
            }
            catch (QatKitException)
            {
                // Told.
            }
        }, iter: 1500, threads: 1);
    }

    [Fact]
    public void First_20_bad_rows_are_told_and_the_rest_counted()
    {
        var rows = string.Concat(Enumerable.Range(0, 23).Select(i => i == 0 ? "\t1\n" : i == 1 ? "x\t1\t2\n" : "x\t7\n"));
        var e = Assert.Throws<QatKitException>(() => Load("sentence\tlabel\n" + rows, DataFormat.Sst2));
        Assert.Equal(21, e.Diagnostics.Count);
        Assert.Equal($"QK1103 {Path}(2): the text is empty. Correct or remove the row.", e.Diagnostics[0].ToString());
        Assert.Equal($"QK1103 {Path}(3): the row has 3 columns, the file has 2. Correct the row.", e.Diagnostics[1].ToString());
        Assert.Equal($"QK1103 {Path}(4): the label '7' is none of negative, positive and no index from 0 to 1. Correct the row.", e.Diagnostics[2].ToString());
        Assert.Equal($"QK1103 {Path}: 3 more bad rows. Correct or remove them.", e.Diagnostics[20].ToString());
    }

    [Fact]
    public void Missing_file_column_and_rows_are_named()
    {
        var missing = _folder.Combine("none.tsv");
        var e = Assert.Throws<QatKitException>(() => DatasetLoader.Load(missing, DataLayout.ForGlue(DataFormat.Sst2)!));
        Assert.Equal($"QK1101 {missing}: the data file does not exist. Correct the path in the recipe, or put the file there.", e.Message);
        e = Assert.Throws<QatKitException>(() => Load("sentense\tlabel\nx\t1\n", DataFormat.Sst2));
        Assert.Equal($"QK1102 {Path}(1): there is no column 'sentence'; the columns are sentense, label. Did you mean 'sentense'? Correct task.format or task.columns of the recipe; verify takes the columns from the recipe of --checkpoint, export from that of the run.", e.Message);
        e = Assert.Throws<QatKitException>(() => Load("sentence\tlabel\n", DataFormat.Sst2));
        Assert.Equal($"QK1104 {Path}: the file has no rows. Pass a file with at least one example.", e.Message);
    }

    [Theory]
    [InlineData("SST-2", DataFormat.Sst2, 872, 444)]
    [InlineData("MRPC", DataFormat.Mrpc, 408, 279)]
    [InlineData("RTE", DataFormat.Rte, 277, 131)]
    public void Real_dev_sets_have_the_published_counts(string task, DataFormat format, int rows, int ones)
    {
        var data = DatasetLoader.Load(SharedData.Require($"data/glue/{task}/dev.tsv"), DataLayout.ForGlue(format)!);
        Assert.Equal(rows, data.Examples.Count);
        Assert.Equal(ones, data.Examples.Count(e => e.Label == 1));
    }

    private string Path => _folder.Combine("data.txt");

    private TextDataset Load(string content, DataFormat format, bool requireLabels = true) =>
        Load(content, DataLayout.ForGlue(format)!, requireLabels);

    private TextDataset Load(string content, DataLayout layout, bool requireLabels = true)
    {
        _folder.WriteText("data.txt", content);
        return DatasetLoader.Load(Path, layout, requireLabels);
    }
}
