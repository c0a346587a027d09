using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;

namespace QatKit.Sparsity;

/// <summary>Computes masks.</summary>
public static class NmMask
{
    /// <summary>The 2:4 mask by magnitude: of each group of four weights along <c>in</c>, the two with the largest |w| are
    /// kept; a tie keeps the lower index.</summary>
    /// <param name="weights">Row-major [out, in].</param>
    /// <param name="outputs">Rows.</param>
    /// <param name="inputs">Columns, a multiple of 8.</param>
    /// <param name="layer">Name for messages.</param>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    /// <exception cref="QatKitException">QK3003: a weight is NaN, which has no magnitude.</exception>
    public static WeightMask Magnitude24(ReadOnlySpan<float> weights, int outputs, int inputs, string layer = "")
    {
        if (inputs % 8 != 0) throw new ArgumentException($"in = {inputs} is not a multiple of 8.", nameof(inputs));
        if (weights.Length != (long)outputs * inputs)
            throw new ArgumentException($"{weights.Length} weights for [{outputs}, {inputs}].", nameof(weights));
        var bits = new byte[weights.Length / 8];
        for (var i = 0; i < weights.Length; i += 4)
        {
            var pair = LargestTwo(weights.Slice(i, 4));
            if (pair == 0) throw NotANumber(weights, inputs, i, layer);
            bits[i >> 3] |= (byte)(pair << (i & 4));
        }

        return new WeightMask(NmPattern.TwoFour.Name, outputs, inputs, bits);
    }

    // Bits of the two largest magnitudes of four; 0 when one of the weights is NaN.
    private static int LargestTwo(ReadOnlySpan<float> group)
    {
        int first = -1, second = -1;
        float firstSize = -1, secondSize = -1; // Below every magnitude.
        for (var j = 0; j < 4; j++)
        {
            var size = MathF.Abs(group[j]);
            if (float.IsNaN(size)) return 0;
            // Strictly greater: on a tie the lower index stays ahead.
            if (size > firstSize) (second, secondSize, first, firstSize) = (first, firstSize, j, size);
            else if (size > secondSize) (second, secondSize) = (j, size);
        }

        return 1 << first | 1 << second;
    }

    private static QatKitException NotANumber(ReadOnlySpan<float> weights, int inputs, int start, string layer)
    {
        while (!float.IsNaN(weights[start])) start++;
        return new QatKitException("QK3003", layer, $"weight [{start / inputs}, {start % inputs}] is NaN, which has no magnitude to prune by. The training diverged: lower the learning rate.");
    }
}
