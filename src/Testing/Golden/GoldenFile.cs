namespace QatKit.Testing.Golden;

/// <summary>The golden vectors of a numerics version, an embedded file that never changes once released.</summary>
public static class GoldenFile
{
    /// <summary>The vectors of numerics version 1.</summary>
    public static IReadOnlyList<GoldenVector> Load()
    {
        using var stream = typeof(GoldenFile).Assembly.GetManifestResourceStream("golden-v1.txt")
            ?? throw new InvalidOperationException("golden-v1.txt is not embedded.");
        using var reader = new StreamReader(stream);
        return Parse(reader.ReadToEnd());
    }

    /// <summary>Parses the text form.</summary>
    /// <exception cref="FormatException">A line is not <c>function arguments = result</c>.</exception>
    public static IReadOnlyList<GoldenVector> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var vectors = new List<GoldenVector>();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (line.Length == 0 || line[0] == '#') continue;
            if (line.Split(" = ") is not [var left, var result]) throw new FormatException($"Golden line {number} is not 'function arguments = result'.");
            var words = left.Split(' ');
            vectors.Add(new GoldenVector(number, words[0], words[1..], result));
        }

        return vectors;
    }
}
