using QatKit.Core.Diagnostics;

namespace QatKit.Core.Graph;

/// <summary>Checks a batch against a model before it runs; every backend calls it.</summary>
public static class TokenBatchValidator
{
    /// <summary>Throws when a batch cannot run on a model of the given sizes.</summary>
    /// <exception cref="QatKitException">QK5001 empty batch or empty sequence, QK5002 sequence too long,
    /// QK5003 token id out of range, QK5004 token type out of range; all problems at once, at most one of a kind per sequence.</exception>
    public static void Check(TokenBatch batch, BertArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(architecture);
        var problems = new DiagnosticBag();
        if (batch.Count == 0)
            problems.Add("QK5001", "batch", "the batch has no sequences. Pass at least one sequence of at least one token.");
        for (var i = 0; i < batch.Count; i++) CheckSequence(batch, i, architecture, problems);
        problems.ThrowIfAny();
    }

    private static void CheckSequence(TokenBatch batch, int index, BertArchitecture architecture, DiagnosticBag problems)
    {
        var where = $"batch[{index}]";
        var length = batch.LengthOf(index);
        if (length == 0)
            problems.Add("QK5001", where, "the sequence has no tokens. Pass at least one token.");
        if (length > architecture.MaxPositions)
            problems.Add("QK5002", where, $"the sequence has {length} tokens, the model's limit is {architecture.MaxPositions}. Truncate the text.");
        var start = batch.Offsets[index];
        CheckRange("QK5003", "token id", batch.InputIds.AsSpan(start, length), architecture.VocabSize, "Use the model's own vocabulary.");
        CheckRange("QK5004", "token type", batch.TokenTypeIds.AsSpan(start, length), architecture.TypeVocabSize, "Use 0 for the first and 1 for the second text.");

        void CheckRange(string code, string what, ReadOnlySpan<int> values, int limit, string remedy)
        {
            for (var j = 0; j < values.Length; j++)
            {
                if ((uint)values[j] < (uint)limit) continue;
                problems.Add(code, $"{where}[{j}]", $"{what} {values[j]} is outside 0..{limit - 1}. {remedy}");
                return;
            }
        }
    }
}
