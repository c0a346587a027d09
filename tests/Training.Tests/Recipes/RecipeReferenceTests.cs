using System.Text;
using System.Xml.Linq;
using QatKit.TestKit;
using QatKit.Training.Recipes;
using QatKit.Training.Recipes.Binding;

namespace QatKit.Training.Tests.Recipes;

// docs/recipe-reference.md is the documentation of the records. To write it anew: QATKIT_UPDATE=1.
public sealed class RecipeReferenceTests
{
    private static readonly Dictionary<string, string> Docs = ReadDocs();

    [Fact]
    public void Reference_page_is_in_step_with_the_records()
    {
        var text = new StringBuilder("""
            # Recipe reference

            Every key of a recipe, from the documentation of the records in `src/Training/Recipes`. Unknown keys, wrong types, values out of
            range and contradictions are errors, all told at once with file, line and column. Any value can be replaced on the command
            line: `--set train.epochs=1`. Paths are relative to the recipe's own folder.

            """);
        Describe(typeof(Recipe), "", new Recipe { Name = "", Model = new(), Task = new() }, text);
        var path = RepositoryRoot.Combine("docs", "recipe-reference.md");
        if (Environment.GetEnvironmentVariable("QATKIT_UPDATE") == "1") File.WriteAllText(path, text.ToString());
        Assert.Equal(text.ToString(), File.ReadAllText(path));
    }

    private static void Describe(Type type, string path, object? defaults, StringBuilder text)
    {
        var keys = RecipeSchema.Keys(type);
        if (path.Length > 0) text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n## `{path}`\n\n{Docs[$"T:{type.FullName}"]}\n");
        text.Append("\n| key | value | default | meaning |\n|---|---|---|---|\n");
        foreach (var key in keys)
        {
            var meaning = Docs[$"P:{type.FullName}.{key.Property.Name}"];
            if (key.Type.IsEnum)
                meaning += string.Concat(RecipeSchema.Choices(key.Type).Select(c => $"<br>`{c.Key}`: {Docs[$"F:{key.Type.FullName}.{c.Value}"]}"));
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"| `{key.Name}` | {Kind(key)} | {Default(key, defaults)} | {meaning} |\n");
        }

        foreach (var key in keys.Where(k => RecipeSchema.IsSection(k.Type)))
        {
            var value = key.Property.GetValue(defaults) ?? Activator.CreateInstance(key.Type);
            Describe(key.Type, path.Length == 0 ? key.Name : $"{path}.{key.Name}", value, text);
        }
    }

    private static string Kind(RecipeKey key)
    {
        if (RecipeSchema.IsSection(key.Type)) return "section";
        var kind = key.Type == typeof(int) ? "integer" : key.Type == typeof(double) ? "number" : key.Type == typeof(bool) ? "true, false"
            : key.Type == typeof(string) ? "text" : key.Type.IsEnum ? "choice" : "list of texts";
        return key.Range is { } r ? $"{kind}, {(r.MinimumIsExclusive ? "above " : "")}{r.Minimum}{(r.Maximum is int.MaxValue ? " and above" : $" to {r.Maximum}")}" : kind;
    }

    private static string Default(RecipeKey key, object? defaults)
    {
        if (key.IsRequired) return "required";
        if (RecipeSchema.IsSection(key.Type)) return key.IsNullable ? "absent" : "";
        return key.Property.GetValue(defaults) switch
        {
            null => "absent",
            bool b => b ? "true" : "false",
            Enum e => $"`{RecipeSchema.KeyOf(key.Type, e)}`",
            IReadOnlyList<string> list => list.Count == 0 ? "[]" : $"`[{string.Join(", ", list)}]`",
            var v => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{v}"),
        };
    }

    private static Dictionary<string, string> ReadDocs()
    {
        var xml = Path.ChangeExtension(typeof(Recipe).Assembly.Location, ".xml");
        return XDocument.Load(xml).Descendants("member").Where(m => m.Element("summary") is not null).ToDictionary(
            m => m.Attribute("name")!.Value,
            m => string.Join(' ', string.Concat(m.Element("summary")!.Nodes().Select(Render)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));

        static string Render(XNode node) => node switch
        {
            XText t => t.Value,
            XElement { Name.LocalName: "c" } c => $"`{c.Value}`",
            XElement e when e.Attribute("cref") is { } cref => $"`{cref.Value[(cref.Value.LastIndexOf('.') + 1)..]}`",
            var other => other.ToString(),
        };
    }
}
