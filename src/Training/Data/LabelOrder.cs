namespace QatKit.Training.Data;

// Classes of a model and of data, matched by their names: two lists of the same classes need not have the same order.
internal static class LabelOrder
{
    // For each name of `from` its index in `to`; null where the names are not the same ones. Case does not matter where it
    // does not tell two classes apart.
    public static int[]? Map(IReadOnlyList<string> from, IReadOnlyList<string> to)
    {
        int[] map = [.. from.Select(name => IndexOf(name, to))];
        return from.Count == to.Count && !map.Contains(-1) && map.Distinct().Count() == map.Length ? map : null;
    }

    // True for the names that Hugging Face gives classes that nobody named.
    public static bool IsUnnamed(IReadOnlyList<string> labels) => labels.Index().All(l => l.Item == $"LABEL_{l.Index}");

    private static int IndexOf(string name, IReadOnlyList<string> labels)
    {
        var all = labels.ToList();
        return all.IndexOf(name) is >= 0 and var exact ? exact : all.FindIndex(l => l.Equals(name, StringComparison.OrdinalIgnoreCase));
    }
}
