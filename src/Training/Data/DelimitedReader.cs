using CsvHelper;
using QatKit.Core.Diagnostics;

namespace QatKit.Training.Data;

// Reads comma- and tab-separated files. In tab-separated files (GLUE) a quote is an ordinary character.
internal static class DelimitedReader
{
    private static readonly string[] ColaColumns = ["source", "label", "star", "sentence"];

    public static List<TextExample> Read(string path, DataLayout layout)
    {
        using var file = new StreamReader(path);
        using var reader = CsvReader.Create(file, new CsvReaderOptions
        {
            Separator = layout.Format == DataFormat.Csv ? ',' : '\t',
            Mode = layout.Format == DataFormat.Csv ? CsvMode.Rfc4180 : CsvMode.NoEscape,
            HasHeader = false,
            TrimWhitespace = false,
            DetectSeparatorHint = false,
            TrackLineNumbers = true,
        }, leaveOpen: true);
        var bad = new BadRows(path);
        var examples = new List<TextExample>();
        if (!reader.Read()) return examples;

        var first = reader.Current.ToArray();
        // Only CoLA's labelled splits have no header; its test split has one.
        var hasHeader = layout.Format != DataFormat.Cola || first.Contains(layout.Text);
        var columns = new Columns(path, hasHeader ? first : ColaColumns, layout);
        if (!hasHeader) AddRow();
        while (reader.Read()) AddRow();
        bad.ThrowIfAny();
        return examples;

        void AddRow()
        {
            // LineNumber counts lines, so a quoted field with a line break keeps later rows right.
            if (columns.TryRead(reader.Current.ToArray(), out var example, out var reason)) examples.Add(example);
            else bad.Add(reader.LineNumber, reason);
        }
    }

    private sealed class Columns
    {
        private readonly int _count, _text, _pair = -1, _label;
        private readonly LabelParser _labels;

        public Columns(string path, string[] header, DataLayout layout)
        {
            var problems = new DiagnosticBag();
            _count = header.Length;
            _labels = new LabelParser(layout.Labels);
            _text = Find(layout.Text);
            if (layout.Pair is not null) _pair = Find(layout.Pair);
            _label = Array.IndexOf(header, layout.Label); // absent in test splits
            problems.ThrowIfAny();

            int Find(string column)
            {
                var index = Array.IndexOf(header, column);
                if (index < 0)
                    problems.Add("QK1102", $"{path}(1)", $"there is no column '{column}'; the columns are {string.Join(", ", header)}.{Suggestion.For(column, header)} Correct task.format or task.columns of the recipe; verify takes the columns from the recipe of --checkpoint, export from that of the run.");
                return index;
            }
        }

        public bool TryRead(string[] row, out TextExample example, out string reason)
        {
            example = null!;
            reason = "";
            if (row.Length != _count) reason = $"the row has {row.Length} columns, the file has {_count}. Correct the row.";
            else if (string.IsNullOrWhiteSpace(row[_text]) || (_pair >= 0 && string.IsNullOrWhiteSpace(row[_pair]))) reason = "the text is empty. Correct or remove the row.";
            if (reason.Length > 0) return false;
            float? label = null;
            if (_label >= 0)
            {
                if (!_labels.TryParse(row[_label], out var parsed, out reason)) return false;
                label = parsed;
            }

            example = new TextExample(row[_text], _pair >= 0 ? row[_pair] : null, label);
            return true;
        }
    }
}
