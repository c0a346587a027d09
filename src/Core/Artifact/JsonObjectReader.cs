using System.Text.Json;
using QatKit.Core.Diagnostics;

namespace QatKit.Core.Artifact;

/// <summary>Reads the members of one JSON object strictly: unknown, duplicate, missing and mistyped members are problems.</summary>
/// <remarks>Hand-written because a serializer costs a cold start more time than reading the whole model.</remarks>
internal sealed class JsonObjectReader
{
    private readonly Dictionary<string, JsonElement> _members = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly string _file;
    private readonly string _name;
    private readonly DiagnosticBag _problems;

    /// <param name="element">The object; anything else is a problem and reads as an empty object.</param>
    /// <param name="name">Its name within the file, empty for the root.</param>
    /// <param name="file">File name for messages.</param>
    /// <param name="problems">Receives QK4013 for every problem.</param>
    public JsonObjectReader(JsonElement element, string name, string file, DiagnosticBag problems)
    {
        (_name, _file, _problems) = (name, file, problems);
        if (element.ValueKind != JsonValueKind.Object)
        {
            problems.Add("QK4013", file, $"'{name}' is not an object.");
            return;
        }

        foreach (var member in element.EnumerateObject())
        {
            if (!_members.TryAdd(member.Name, member.Value)) problems.Add("QK4013", file, $"'{NameOf(member.Name)}' occurs twice.");
        }
    }

    /// <summary>Names of all members, for an object whose names are data.</summary>
    public IEnumerable<string> Names => _members.Keys;

    public int Integer(string member) =>
        Find(member) is { } e && Is(member, e.ValueKind == JsonValueKind.Number && e.TryGetInt32(out _), "an integer of 32 bits") ? e.GetInt32() : 0;

    public double Number(string member) =>
        Find(member) is { } e && Is(member, e.ValueKind == JsonValueKind.Number && e.TryGetDouble(out var v) && double.IsFinite(v), "a finite number") ? e.GetDouble() : 0;

    public bool Boolean(string member) =>
        Find(member) is { } e && Is(member, e.ValueKind is JsonValueKind.True or JsonValueKind.False, "true or false") && e.GetBoolean();

    public string Text(string member) =>
        Find(member) is { } e && Is(member, e.ValueKind == JsonValueKind.String, "a string") ? e.GetString()! : "";

    public string? OptionalText(string member)
    {
        _asked.Add(member);
        return _members.ContainsKey(member) ? Text(member) : null;
    }

    /// <summary>One of a few words.</summary>
    public string Word(string member, params string[] words)
    {
        var text = Text(member);
        if (words.Contains(text)) return text;
        if (_members.TryGetValue(member, out var e) && e.ValueKind == JsonValueKind.String)
            _problems.Add("QK4013", _file, $"'{NameOf(member)}' is '{text}'. Known: {string.Join(", ", words)}.");
        return words[0];
    }

    public IReadOnlyList<string> Texts(string member)
    {
        if (Find(member) is not { } e || !Is(member, e.ValueKind == JsonValueKind.Array && e.EnumerateArray().All(x => x.ValueKind == JsonValueKind.String), "a list of strings")) return [];
        return [.. e.EnumerateArray().Select(x => x.GetString()!)];
    }

    public JsonObjectReader Object(string member) =>
        Find(member) is { } e ? new JsonObjectReader(e, NameOf(member), _file, _problems) : new JsonObjectReader(_file, _problems);

    /// <summary>Reports every member that nothing asked for.</summary>
    public void End()
    {
        var missing = _asked.Where(a => !_members.ContainsKey(a)).ToList();
        foreach (var name in _members.Keys.Where(m => !_asked.Contains(m)))
            _problems.Add("QK4013", _file, $"'{NameOf(name)}' is unknown.{Suggestion.For(name, missing)}");
    }

    // A missing object: reported by its parent, so that its own members are not.
    private JsonObjectReader(string file, DiagnosticBag problems) => (_name, _file, _problems, IsMissing) = ("", file, problems, true);

    private bool IsMissing { get; }

    private string NameOf(string member) => _name.Length == 0 ? member : $"{_name}.{member}";

    private JsonElement? Find(string member)
    {
        _asked.Add(member);
        if (_members.TryGetValue(member, out var element)) return element;
        if (!IsMissing) _problems.Add("QK4013", _file, $"'{NameOf(member)}' is missing.");
        return null;
    }

    private bool Is(string member, bool ok, string expected)
    {
        if (!ok) _problems.Add("QK4013", _file, $"'{NameOf(member)}' is not {expected}.");
        return ok;
    }
}
