using System.Globalization;
using QatKit.Core.Diagnostics;

namespace QatKit.Training.Data;

// A label is a class name, or a class index, or (regression) a finite number. Where a class is called by a number, as a
// rating of 1 to 5 is, numbers are names: 1 must not be the first class in one row and the second in another.
internal sealed class LabelParser(IReadOnlyList<string> labels)
{
    private readonly bool _allowsIndices = !labels.Any(l => int.TryParse(l, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _));

    public bool TryParse(string text, out float label, out string reason)
    {
        reason = "";
        if (labels.Count == 0)
        {
            if (float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out label) && float.IsFinite(label)) return true;
            reason = $"the score '{text}' is not a finite number. Correct the row.";
            return false;
        }

        for (var i = 0; i < labels.Count; i++)
        {
            if (labels[i] != text) continue;
            label = i;
            return true;
        }

        if (_allowsIndices && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < labels.Count)
        {
            label = index;
            return true;
        }

        label = float.NaN;
        var indices = _allowsIndices ? $" and no index from 0 to {labels.Count - 1}.{Suggestion.For(text, labels)}" : ".";
        reason = $"the label '{text}' is none of {string.Join(", ", labels)}{indices} Correct the row.";
        return false;
    }
}
