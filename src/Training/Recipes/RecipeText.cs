using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using QatKit.Training.Recipes.Binding;

namespace QatKit.Training.Recipes;

/// <summary>A recipe as flat settings and as YAML, with every default written out.</summary>
public static class RecipeText
{
    /// <summary>Every setting as <c>path -> value</c>, in the order of the reference; absent values are <c>null</c>.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Flatten(Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        var result = new List<KeyValuePair<string, string>>();
        Walk(recipe, "", (key, value, _) => result.Add(new(key, value)), _ => { });
        return result;
    }

    /// <summary>The recipe as YAML that <see cref="RecipeLoader"/> reads back to an equal one.</summary>
    public static string ToYaml(Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        var text = new StringBuilder();
        Walk(
            recipe, "",
            (path, value, depth) => text.Append(' ', 2 * depth).Append(CultureInfo.InvariantCulture, $"{Last(path)}: {value}\n"),
            path => text.Append(' ', 2 * path.Count(c => c == '.')).Append(CultureInfo.InvariantCulture, $"{Last(path)}:\n"));
        return text.ToString();
    }

    /// <summary>SHA-256 of <see cref="ToYaml"/>, lower-case hexadecimal: equal recipes have equal hashes.</summary>
    public static string Sha256(Recipe recipe) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ToYaml(recipe))));

    private static void Walk(object section, string prefix, Action<string, string, int> value, Action<string> enter)
    {
        foreach (var key in RecipeSchema.Keys(section.GetType()))
        {
            var path = prefix.Length == 0 ? key.Name : $"{prefix}.{key.Name}";
            var content = key.Property.GetValue(section);
            if (content is not null && RecipeSchema.IsSection(key.Type))
            {
                enter(path);
                Walk(content, path, value, enter);
            }
            else value(path, Show(content), path.Count(c => c == '.'));
        }
    }

    private static string Last(string path) => path[(path.LastIndexOf('.') + 1)..];

    // Texts are written in double quotes: JSON strings are YAML strings.
    private static string Show(object? value) => value switch
    {
        null => "null",
        bool b => b ? "true" : "false",
        string s => Quote(s),
        Enum e => Quote(RecipeSchema.KeyOf(e.GetType(), e)),
        IReadOnlyList<string> list => $"[{string.Join(", ", list.Select(Quote))}]",
        double d => d.ToString("R", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Quote(string text) => JsonSerializer.Serialize(text);
}
