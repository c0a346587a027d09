using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace QatKit.Training.Recipes.Binding;

// Where each value of a recipe was written: file(line,col), or the override that set it.
internal sealed class RecipeSource(string file)
{
    private readonly Dictionary<YamlNode, string> _overrides = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, string> _places = new(StringComparer.Ordinal);

    private readonly HashSet<string> _unreadable = new(StringComparer.Ordinal);

    public string File => file;

    public void MarkUnreadable(string path) => _unreadable.Add(path);

    public bool IsReadable(string path) => !_unreadable.Contains(path);

    public void MarkOverride(YamlNode node, string path) => _overrides[node] = $"--set {path}";

    public string Place(YamlNode node) =>
        _overrides.TryGetValue(node, out var place) ? place : string.Create(CultureInfo.InvariantCulture, $"{file}({node.Start.Line},{node.Start.Column})");

    public void Remember(string path, YamlNode node) => _places[path] = Place(node);

    // The place of a path, or of the nearest section around it that was written down.
    public string PlaceOf(string path)
    {
        while (path.Length > 0)
        {
            if (_places.TryGetValue(path, out var place)) return place;
            path = path.LastIndexOf('.') is >= 0 and var dot ? path[..dot] : "";
        }

        return file;
    }
}
