namespace QatKit.Testing.Statistics;

/// <summary>Predicted classes from logits.</summary>
public static class Classes
{
    /// <summary>Index of the largest logit of each row; a tie takes the lower index.</summary>
    /// <param name="logits">[B, C], row-major.</param>
    /// <param name="classes">C ≥ 1.</param>
    public static int[] Argmax(ReadOnlySpan<float> logits, int classes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        var result = new int[logits.Length / classes];
        for (var b = 0; b < result.Length; b++)
        {
            var row = logits.Slice(b * classes, classes);
            for (var c = 1; c < classes; c++)
            {
                if (row[c] > row[result[b]]) result[b] = c;
            }
        }

        return result;
    }
}
