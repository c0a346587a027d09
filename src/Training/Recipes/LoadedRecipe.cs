namespace QatKit.Training.Recipes;

/// <summary>A valid recipe with what is needed to run it and to tell where it came from.</summary>
/// <param name="Recipe">The recipe.</param>
/// <param name="Folder">Folder to which its paths are relative: the recipe file's own.</param>
/// <param name="Text">The YAML it was read from.</param>
/// <param name="Overrides">The overrides that were applied, as <c>section.key=value</c>.</param>
public sealed record LoadedRecipe(Recipe Recipe, string Folder, string Text, IReadOnlyList<string> Overrides)
{
    /// <summary>The full path of a file or folder named by the recipe.</summary>
    public string Resolve(string path) => Path.GetFullPath(Path.Combine(Folder, path));
}
