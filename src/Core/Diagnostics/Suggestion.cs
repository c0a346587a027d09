namespace QatKit.Core.Diagnostics;

/// <summary>"Did you mean ...?" for names that matched nothing.</summary>
public static class Suggestion
{
    /// <summary>The candidate nearest to <paramref name="name"/> by edit distance, or null when none is near enough
    /// (more than a third of the name, and more than two edits, away).</summary>
    public static string? Closest(string name, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(candidates);
        string? best = null;
        var bestDistance = Math.Max(2, name.Length / 3) + 1;
        foreach (var candidate in candidates)
        {
            var distance = EditDistance(name, candidate);
            if (distance < bestDistance) (best, bestDistance) = (candidate, distance);
        }

        return best;
    }

    /// <summary><c> Did you mean 'x'?</c> with a leading blank, or an empty string.</summary>
    public static string For(string name, IEnumerable<string> candidates) =>
        Closest(name, candidates) is { } best ? $" Did you mean '{best}'?" : "";

    // Levenshtein distance with two rows.
    private static int EditDistance(string a, string b)
    {
        var previous = new int[b.Length + 1];
        var current = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++) previous[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(substitution, Math.Min(previous[j], current[j - 1]) + 1);
            }

            (previous, current) = (current, previous);
        }

        return previous[b.Length];
    }
}
