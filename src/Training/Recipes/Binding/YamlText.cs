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
        Parse(text, CheckDepth);
        var stream = new YamlStream();
        Parse(text, stream.Load);
        return stream;
    }

    private static void Parse(string text, Action<Parser> read)
    {
        using var reader = new StringReader(text);
        var parser = new Parser(reader);
        try
        {
            read(parser);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // The library's answer to some texts that no rule of YAML allows.
            var end = parser.Current?.End ?? Mark.Empty;
            throw new YamlException(end, end, "The text up to here cannot be read.");
        }
    }

    private static void CheckDepth(Parser parser)
    {
        var depth = 0;
        while (parser.MoveNext())
        {
            var current = parser.Current!;
            depth += current.NestingIncrease;
            if (depth > MaxDepth) throw new YamlException(current.Start, current.End, $"Values are nested in more than {MaxDepth} levels.");
        }
    }
}
