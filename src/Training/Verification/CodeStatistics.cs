using QatKit.Testing.Traces;

namespace QatKit.Training.Verification;

/// <summary>Counts how codes differ, over any number of batches.</summary>
internal sealed class CodeStatistics
{
    private double _signal;
    private double _noise;

    public long Elements { get; private set; }

    public long Mismatches { get; private set; }

    /// <summary><c>10·log10(Σ e² / Σ (e − a)²)</c> over codes; null when nothing differs.</summary>
    public double? SqnrDecibels => _noise == 0 ? null : 10 * Math.Log10(_signal / _noise);

    /// <summary>Adds one tensor.</summary>
    /// <returns>Index of the first difference, or -1.</returns>
    public int Add(RecordedTensor expected, ReadOnlySpan<short> actual)
    {
        if (expected.Codes.Length != actual.Length)
            throw new InvalidOperationException($"'{expected.Name}' has {expected.Codes.Length} codes in the engine and {actual.Length} in the fake-quantized model.");
        var first = -1;
        for (var i = 0; i < actual.Length; i++)
        {
            double difference = expected.Codes[i] - actual[i];
            _signal += (double)expected.Codes[i] * expected.Codes[i];
            if (difference == 0) continue;
            _noise += difference * difference;
            Mismatches++;
            if (first < 0) first = i;
        }

        Elements += actual.Length;
        return first;
    }
}
