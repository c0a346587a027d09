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
        DiagnosticBag? problems = null; // A batch without problems allocates nothing.
        if (batch.Count == 0)
            Add(ref problems, "QK5001", "batch", "the batch has no sequences. Pass at least one sequence of at least one token.");
        for (var i = 0; i < batch.Count; i++) CheckSequence(batch, i, architecture, ref problems);
        problems?.ThrowIfAny();
    }

    private static void CheckSequence(TokenBatch batch, int index, BertArchitecture architecture, ref DiagnosticBag? problems)
    {
        var length = batch.LengthOf(index);
        if (length == 0)
            Add(ref problems, "QK5001", $"batch[{index}]", "the sequence has no tokens. Pass at least one token.");
        if (length > architecture.MaxPositions)
            Add(ref problems, "QK5002", $"batch[{index}]", $"the sequence has {length} tokens, the model's limit is {architecture.MaxPositions}. Truncate the text.");
        var ids = batch.InputIdsOf(index);
        var wrong = FirstOutside(ids, architecture.VocabSize);
        if (wrong >= 0)
            Add(ref problems, "QK5003", $"batch[{index}][{wrong}]", $"token id {ids[wrong]} is outside 0..{architecture.VocabSize - 1}. Use the model's own vocabulary.");
        var types = batch.TokenTypeIdsOf(index);
        wrong = FirstOutside(types, architecture.TypeVocabSize);
        if (wrong >= 0)
            Add(ref problems, "QK5004", $"batch[{index}][{wrong}]", $"token type {types[wrong]} is outside 0..{architecture.TypeVocabSize - 1}. Use 0 for the first and 1 for the second text.");
    }

    private static int FirstOutside(ReadOnlySpan<int> values, int limit) => values.IndexOfAnyExceptInRange(0, limit - 1);

    private static void Add(ref DiagnosticBag? problems, string code, string location, string message) =>
        (problems ??= new DiagnosticBag()).Add(code, location, message);
}
