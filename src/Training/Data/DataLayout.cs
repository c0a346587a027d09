namespace QatKit.Training.Data;

/// <summary>File shapes that the loader knows. Defines nothing about the task beyond columns and label names.</summary>
public enum DataFormat
{
    /// <summary>GLUE SST-2: <c>sentence</c>, <c>label</c> (0 negative, 1 positive).</summary>
    Sst2,

    /// <summary>GLUE MRPC: <c>Quality</c>, <c>#1 String</c>, <c>#2 String</c>.</summary>
    Mrpc,

    /// <summary>GLUE RTE: <c>sentence1</c>, <c>sentence2</c>, <c>label</c>.</summary>
    Rte,

    /// <summary>GLUE CoLA: no header; source, label, star, sentence. The test split has a header and <c>sentence</c>.</summary>
    Cola,

    /// <summary>GLUE STS-B: <c>sentence1</c>, <c>sentence2</c>, <c>score</c> (0..5), a regression.</summary>
    Stsb,

    /// <summary>GLUE QNLI: <c>question</c>, <c>sentence</c>, <c>label</c>.</summary>
    Qnli,

    /// <summary>GLUE MNLI, matched or mismatched: <c>sentence1</c>, <c>sentence2</c>, <c>gold_label</c>.</summary>
    Mnli,

    /// <summary>Comma-separated values (RFC 4180) with a header.</summary>
    Csv,

    /// <summary>Tab-separated values with a header; quotes are ordinary characters.</summary>
    Tsv,

    /// <summary>One JSON object per line.</summary>
    Jsonl,
}

/// <summary>Where the text and the label stand in a file, and what the labels are called.</summary>
/// <param name="Format">File shape.</param>
/// <param name="Text">Column of the first text.</param>
/// <param name="Pair">Column of the second text; null for single texts.</param>
/// <param name="Label">Column of the label.</param>
/// <param name="Labels">Class names in the order of their indices; empty for a regression.</param>
public sealed record DataLayout(DataFormat Format, string Text, string? Pair, string Label, IReadOnlyList<string> Labels)
{
    /// <summary>True when labels are numbers to predict rather than classes.</summary>
    public bool IsRegression => Labels.Count == 0;

    /// <summary>The published layout of a GLUE task; null for the general formats.</summary>
    public static DataLayout? ForGlue(DataFormat format) => format switch
    {
        DataFormat.Sst2 => new(format, "sentence", null, "label", ["negative", "positive"]),
        DataFormat.Mrpc => new(format, "#1 String", "#2 String", "Quality", ["not_equivalent", "equivalent"]),
        DataFormat.Rte => new(format, "sentence1", "sentence2", "label", ["entailment", "not_entailment"]),
        DataFormat.Cola => new(format, "sentence", null, "label", ["unacceptable", "acceptable"]),
        DataFormat.Stsb => new(format, "sentence1", "sentence2", "score", []),
        DataFormat.Qnli => new(format, "question", "sentence", "label", ["entailment", "not_entailment"]),
        DataFormat.Mnli => new(format, "sentence1", "sentence2", "gold_label", ["entailment", "neutral", "contradiction"]),
        _ => null,
    };
}
