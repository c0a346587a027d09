using System.Globalization;
using QatKit.Core.Diagnostics;
using QatKit.Training.Recipes.Binding;
using QatKit.Training.Runs;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace QatKit.Training.Recipes;

/// <summary>Reads recipes from YAML, strictly: unknown keys, wrong types, values out of range and contradictions are all
/// reported at once, each with its place.</summary>
public static class RecipeLoader
{
    /// <summary>Reads a recipe file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="overrides">Values that replace those of the file, as <c>section.key=value</c>.</param>
    /// <param name="filesToo">See <see cref="Parse"/>.</param>
    /// <exception cref="QatKitException">QK1001 the file is missing, and those of <see cref="Parse"/>.</exception>
    public static LoadedRecipe Load(string path, IReadOnlyList<string>? overrides = null, bool filesToo = false)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new QatKitException("QK1001", path, "the recipe does not exist. 'qatkit list' names the ones that come with the tool.");
        return Parse(File.ReadAllText(path), path, Path.GetDirectoryName(Path.GetFullPath(path))!, overrides, filesToo);
    }

    /// <summary>Reads a recipe from a text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="folder">The folder to which its paths are relative.</param>
    /// <param name="overrides">Values that replace those of the text, as <c>section.key=value</c>.</param>
    /// <param name="filesToo">When the text has problems, tell with them what it names that does not exist (QK1010): who mends the one learns of the other.</param>
    /// <exception cref="QatKitException">QK1002 not YAML, QK1003 unknown key, QK1004 missing key, QK1005 wrong type, QK1006 out of
    /// range, QK1007 unknown choice, QK1008 contradiction, QK1009 malformed override, and those of <see cref="RecipeValidator.Check(Recipe)"/>.</exception>
    public static LoadedRecipe Parse(string yaml, string name, string folder, IReadOnlyList<string>? overrides = null, bool filesToo = false)
    {
        ArgumentNullException.ThrowIfNull(yaml);
        var problems = new DiagnosticBag();
        var source = new RecipeSource(name);
        var root = ReadTree(yaml, name);
        RecipeOverrides.Apply(root, overrides ?? [], source, problems);
        var recipe = new RecipeBinder(source, problems).Bind(root);
        RecipeValidator.Check(recipe, source, problems);
        var loaded = new LoadedRecipe(recipe, folder, yaml, overrides ?? []);
        if (filesToo && !problems.IsEmpty) RunInputs.CheckPaths(loaded, source.PlaceOf, problems);
        problems.ThrowIfAny();
        return loaded;
    }

    private static YamlMappingNode ReadTree(string yaml, string name)
    {
        YamlStream stream;
        try
        {
            stream = YamlText.Load(yaml);
        }
        catch (YamlException e)
        {
            throw new QatKitException("QK1002", string.Create(CultureInfo.InvariantCulture, $"{name}({e.Start.Line},{e.Start.Column})"), $"the recipe is not valid YAML: {Innermost(e).Message.TrimEnd('.')}. Correct the line.", e);
        }

        if (stream.Documents is [{ RootNode: YamlMappingNode root }]) return root;
        throw new QatKitException("QK1002", name, $"a recipe is one YAML document of 'key: value' lines; this has {stream.Documents.Count} documents{(stream.Documents.Count == 1 ? " of another kind" : "")}. See docs/recipe-reference.md.");
    }

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;
}
