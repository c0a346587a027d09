using QatKit.Core.Diagnostics;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace QatKit.Training.Recipes.Binding;

// Writes "a.b=c" into the YAML tree, where the binder then checks it like any other value.
internal static class RecipeOverrides
{
    public static void Apply(YamlMappingNode root, IEnumerable<string> overrides, RecipeSource source, DiagnosticBag problems)
    {
        foreach (var text in overrides)
        {
            var equals = text.IndexOf('=');
            var path = equals < 0 ? text : text[..equals];
            if (equals <= 0 || path.Split('.').Any(string.IsNullOrWhiteSpace))
            {
                problems.Add("QK1009", $"--set {text}", "an override has the form section.key=value. Example: --set train.epochs=1.");
                continue;
            }

            if (Parse(text[(equals + 1)..]) is { } value) Set(root, path, value, source, problems);
            else problems.Add("QK1009", $"--set {path}", $"the value '{text[(equals + 1)..]}' is not valid YAML. Quote it.");
        }
    }

    private static void Set(YamlMappingNode root, string path, YamlNode value, RecipeSource source, DiagnosticBag problems)
    {
        var keys = path.Split('.');
        var section = root;
        foreach (var key in keys[..^1])
        {
            if (!section.Children.TryGetValue(key, out var child) || child is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" })
            {
                child = new YamlMappingNode();
                section.Children[key] = child;
                source.MarkOverride(child, path);
            }

            if (child is not YamlMappingNode mapping)
            {
                problems.Add("QK1009", $"--set {path}", $"'{key}' is a value, not a section. Override '{key}' itself.");
                return;
            }

            section = mapping;
        }

        section.Children[keys[^1]] = value;
        Mark(value);

        void Mark(YamlNode node)
        {
            foreach (var inner in node.AllNodes) source.MarkOverride(inner, path);
        }
    }

    private static YamlNode? Parse(string text)
    {
        try
        {
            var stream = YamlText.Load(text);
            return stream.Documents.Count == 0 ? new YamlScalarNode("") { Style = ScalarStyle.Plain } : stream.Documents[0].RootNode;
        }
        catch (YamlException)
        {
            return null;
        }
    }
}
