using System.Globalization;
using QatKit.Core.Diagnostics;

namespace QatKit.Training.Data;

// Collects the bad rows of one file: the first 20 are told one by one, the rest as a count.
internal sealed class BadRows(string file)
{
    public const int Shown = 20;
    private readonly List<(long Line, string Reason)> _rows = [];

    public void Add(long line, string reason) => _rows.Add((line, reason));

    public void ThrowIfAny()
    {
        var problems = new DiagnosticBag();
        foreach (var (line, reason) in _rows.Take(Shown))
            problems.Add("QK1103", string.Create(CultureInfo.InvariantCulture, $"{file}({line})"), reason);
        if (_rows.Count > Shown)
            problems.Add("QK1103", file, $"{_rows.Count - Shown} more bad rows. Correct or remove them.");
        problems.ThrowIfAny();
    }
}
