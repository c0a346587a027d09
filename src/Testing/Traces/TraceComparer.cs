using System.Globalization;
using QatKit.Core.Graph;
using QatKit.Testing.Reports;

namespace QatKit.Testing.Traces;

/// <summary>Finds the first place where two runs of the same batch differ in their bits.</summary>
public static class TraceComparer
{
    /// <summary>Compares tensor by tensor in the order of <paramref name="expected"/>, then the logits.</summary>
    /// <param name="expected">Trace and logits of the specification.</param>
    /// <param name="actual">Trace and logits under test; without <paramref name="requireTrace"/> an empty trace means that only the logits are compared.</param>
    /// <param name="compared">Receives how many numbers were compared.</param>
    /// <param name="requireTrace">Both must have recorded: a run without a trace is a difference.</param>
    /// <returns>Null when all bits are equal.</returns>
    public static Divergence? FirstDivergence(
        (RecordingTrace Trace, float[] Logits) expected, (RecordingTrace Trace, float[] Logits) actual, out long compared, bool requireTrace = false)
    {
        compared = 0;
        if (requireTrace && expected.Trace.Tensors.Count == 0)
            return new Divergence("the intermediate tensors", 0, 0, "not recorded", actual.Trace.Tensors.Count == 0 ? "not recorded" : "recorded", null, 1, 1);
        if (requireTrace || actual.Trace.Tensors.Count > 0)
        {
            foreach (var tensor in expected.Trace.Tensors)
            {
                if (Compare(tensor, actual.Trace.Find(tensor.Name, tensor.Kind), ref compared) is { } divergence) return divergence;
            }
        }

        var rows = Math.Max(1, expected.Trace.Find(ModuleNames.Logits, TensorKind.Float32)?.Rows ?? 1);
        return Compare(Logits(expected.Logits, rows), Logits(actual.Logits, rows), ref compared);
    }

    /// <summary>Compares two logit arrays [rows, C]; null when all bits are equal.</summary>
    public static Divergence? FirstDivergence(float[] expected, float[] actual, int rows)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ArgumentNullException.ThrowIfNull(actual);
        long compared = 0;
        return Compare(Logits(expected, rows), Logits(actual, rows), ref compared);
    }

    private static RecordedTensor Logits(float[] logits, int rows) =>
        new(ModuleNames.Logits, TensorKind.Float32, rows, logits.Length / rows, [], logits, null);

    private static Divergence? Compare(RecordedTensor expected, RecordedTensor? actual, ref long compared)
    {
        if (actual is null) return new Divergence(expected.Name, 0, 0, Shape(expected), "not recorded", null, 1, 1);
        if (actual.Rows != expected.Rows || actual.Columns != expected.Columns || actual.Values.Length != expected.Values.Length)
            return new Divergence(expected.Name, 0, 0, Shape(expected), Shape(actual), null, 1, 1);
        var total = Math.Max(expected.Codes.Length, expected.Values.Length);
        compared += total;
        int first = -1, count = 0;
        for (var i = 0; i < total; i++)
        {
            var same = expected.Kind == TensorKind.Float32
                ? BitConverter.SingleToInt32Bits(expected.Values[i]) == BitConverter.SingleToInt32Bits(actual.Values[i])
                : expected.Codes[i] == actual.Codes[i];
            if (same) continue;
            if (first < 0) first = i;
            count++;
        }

        return first < 0
            ? null
            : new Divergence(expected.Name, first / expected.Columns, first % expected.Columns,
                Show(expected, first), Show(actual, first), (expected.Unrounded ?? actual.Unrounded)?[first], count, total);
    }

    private static string Shape(RecordedTensor t) => $"{t.Kind} [{t.Rows}, {t.Columns}]";

    private static string Show(RecordedTensor t, int i) => t.Kind == TensorKind.Float32
        ? string.Create(CultureInfo.InvariantCulture, $"{t.Values[i]:R} (0x{BitConverter.SingleToUInt32Bits(t.Values[i]):x8})")
        : t.Codes[i].ToString(CultureInfo.InvariantCulture);
}
