using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace QatKit.Training.Recipes.Binding;

// Reads YAML into a tree. The tree is built by recursion, so its depth is checked before: a stack overflow ends the process.
// Whatever is wrong with the text comes as a YamlException.
internal static class YamlText
{
    private const int MaxDepth = 32;

    public static YamlStream Load(string text)
    {
        Check(text);
        using var reader = new StringReader(text);
        var stream = new YamlStream();
        stream.Load(reader);
        return stream;
    }

    private static void Check(string text)
    {
        using var reader = new StringReader(text);
        var parser = new Parser(reader);
        var depth = 0;
        try
        {
            while (parser.MoveNext())
            {
                var current = parser.Current!;
                depth += current.NestingIncrease;
                if (depth > MaxDepth) throw new YamlException(current.Start, current.End, $"Values are nested in more than {MaxDepth} levels.");
            }
        }
        catch (InvalidOperationException)
        {
            // The scanner's answer to some texts that no rule of YAML allows.
            var end = parser.Current?.End ?? Mark.Empty;
            throw new YamlException(end, end, "What follows cannot be read.");
        }
    }
}
