using System.Text.Json;
using QatKit.Training.Data.Reviews;
using QatKit.Training.Recipes.Binding;
using YamlDotNet.RepresentationModel;

namespace QatKit.Training.Recipes;

/// <summary>The text of a recipe for another place: with its own name, and with paths that lead to the same files. Comments and layout stay.</summary>
public static class RecipeCopy
{
    private static readonly string[] PathKeys = ["model.path", "model.vocabulary", "task.train", "task.dev"];

    // What YAML 1.1 or 1.2 reads as something else.
    private static readonly HashSet<string> Words = new(["null", "true", "false", "yes", "no", "on", "off", "y", "n"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Rewrites a valid recipe.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="name">The name of the copy, see <see cref="RunName"/>.</param>
    /// <param name="fromFolder">The folder to which its paths are relative.</param>
    /// <param name="toFolder">The folder of the copy.</param>
    public static string Rewrite(string yaml, string name, string fromFolder, string toFolder)
    {
        ArgumentNullException.ThrowIfNull(yaml);
        var root = (YamlMappingNode)YamlText.Load(yaml).Documents[0].RootNode;
        var edits = new List<(YamlScalarNode Node, string Value)>();
        if (Find(root, "name") is { } title) edits.Add((title, name));
        foreach (var node in PathKeys.Select(key => Find(root, key)).OfType<YamlScalarNode>())
        {
            if (node.Value is { } path && path != BuiltinReviews.Name && !Path.IsPathRooted(path)) edits.Add((node, Move(path, fromFolder, toFolder)));
        }

        // From the end on, so that the places of what comes before stay right.
        foreach (var (node, value) in edits.OrderByDescending(e => e.Node.Start.Index))
            yaml = string.Concat(yaml.AsSpan(0, (int)node.Start.Index), Write(value), yaml.AsSpan((int)node.End.Index));
        return yaml;
    }

    private static YamlScalarNode? Find(YamlMappingNode root, string key)
    {
        YamlNode? node = root;
        foreach (var part in key.Split('.')) node = node is YamlMappingNode section && section.Children.TryGetValue(part, out var child) ? child : null;
        return node as YamlScalarNode;
    }

    private static string Move(string path, string from, string to)
    {
        var moved = Path.GetRelativePath(Path.GetFullPath(to), Path.GetFullPath(Path.Combine(from, path)));
        return Path.DirectorySeparatorChar == '\\' ? moved.Replace('\\', '/') : moved;
    }

    // Plain where every YAML schema reads it as a text, else in quotes: a JSON string is a YAML string.
    private static string Write(string value) =>
        value.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '.' or '-') && (char.IsAsciiLetter(value[0]) || value.StartsWith("../", StringComparison.Ordinal))
            && !Words.Contains(value)
            ? value : JsonSerializer.Serialize(value);
}
