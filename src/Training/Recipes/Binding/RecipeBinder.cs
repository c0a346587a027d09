using System.Globalization;
using QatKit.Core.Diagnostics;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace QatKit.Training.Recipes.Binding;

// Turns a YAML tree into records and reports everything that does not fit. Ranges and contradictions are RecipeValidator's.
internal sealed class RecipeBinder(RecipeSource source, DiagnosticBag problems)
{
    public Recipe Bind(YamlNode root) => (Recipe)BindSection(typeof(Recipe), root, "")!;

    private object? BindSection(Type type, YamlNode node, string path)
    {
        var section = Activator.CreateInstance(type)!;
        if (node is not YamlMappingNode mapping)
        {
            problems.Add("QK1005", source.Place(node), $"{Title(path)} is not a section. Write its keys indented below it.");
            return section;
        }

        var keys = RecipeSchema.Keys(type).ToDictionary(k => k.Name);
        var present = new HashSet<string>();
        foreach (var (keyNode, value) in mapping.Children)
        {
            var name = (keyNode as YamlScalarNode)?.Value ?? keyNode.ToString();
            if (!keys.TryGetValue(name, out var key))
            {
                // An override's own place is told by its value: the key node is made up.
                var place = source.Place(value).StartsWith("--set", StringComparison.Ordinal) ? source.Place(value) : source.Place(keyNode);
                problems.Add("QK1003", place, $"unknown key '{name}' in {Title(path)}.{Suggestion.For(name, keys.Keys)} The keys are {string.Join(", ", keys.Keys)}.");
                continue;
            }

            present.Add(name);
            var childPath = path.Length == 0 ? name : $"{path}.{name}";
            source.Remember(childPath, value);
            if (IsNull(value))
            {
                if (key.IsNullable) continue; // null is the default of every key that may be absent
                source.MarkUnreadable(childPath);
                problems.Add("QK1005", source.Place(value), $"{childPath} has no value. Write {Expected(key.Type)}, or remove the key.");
            }
            else if (BindValue(key.Type, value, childPath) is { } bound) key.Property.SetValue(section, bound);
            else source.MarkUnreadable(childPath);
        }

        foreach (var missing in keys.Values.Where(k => k.IsRequired && !present.Contains(k.Name)))
        {
            source.MarkUnreadable(path.Length == 0 ? missing.Name : $"{path}.{missing.Name}");
            problems.Add("QK1004", path.Length == 0 ? source.File : source.Place(node), $"{Title(path)} has no key '{missing.Name}', which is required. Add it.");
        }

        return section;
    }

    private object? BindValue(Type type, YamlNode node, string path)
    {
        if (RecipeSchema.IsSection(type)) return BindSection(type, node, path);
        if (type == typeof(IReadOnlyList<string>)) return BindList(node, path);
        if (node is not YamlScalarNode { Value: { } text } scalar) return Wrong(type, node, path, "a nested value");
        if (type == typeof(string)) return text;
        if (type.IsEnum)
        {
            var choices = RecipeSchema.Choices(type);
            if (choices.TryGetValue(text, out var value)) return value;
            problems.Add("QK1007", source.Place(node), $"{path} = '{text}' is unknown.{Suggestion.For(text, choices.Keys)} Use {Or(choices.Keys)}.");
            return null;
        }

        // A quoted number is a text.
        if (scalar.Style == ScalarStyle.Plain)
        {
            if (type == typeof(int) && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer)) return integer;
            if (type == typeof(double) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)) return number;
            if (type == typeof(bool) && text is "true" or "false") return text == "true";
        }

        return Wrong(type, node, path, $"'{text}'");
    }

    private List<string>? BindList(YamlNode node, string path)
    {
        if (node is YamlSequenceNode sequence && sequence.All(n => n is YamlScalarNode { Value: not null }))
            return [.. sequence.Select(n => ((YamlScalarNode)n).Value!)];
        Wrong(typeof(IReadOnlyList<string>), node, path, node is YamlScalarNode s ? $"'{s.Value}'" : "a nested value");
        return null;
    }

    private object? Wrong(Type type, YamlNode node, string path, string found)
    {
        problems.Add("QK1005", source.Place(node), $"{path} = {found} has the wrong type. Write {Expected(type)}.");
        return null;
    }

    private static bool IsNull(YamlNode node) => node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };

    private static string Title(string path) => path.Length == 0 ? "the recipe" : path;

    private static string Expected(Type type) =>
        type == typeof(int) ? "a whole number"
        : type == typeof(double) ? "a number"
        : type == typeof(bool) ? "true or false"
        : type == typeof(string) ? "a text"
        : type == typeof(IReadOnlyList<string>) ? "a list of texts, such as [\"a\", \"b\"]"
        : type.IsEnum ? Or(RecipeSchema.Choices(type).Keys)
        : "a section";

    public static string Or(IEnumerable<string> choices)
    {
        var all = choices.ToList();
        return all.Count == 1 ? all[0] : $"{string.Join(", ", all[..^1])} or {all[^1]}";
    }
}
