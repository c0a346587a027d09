using System.CommandLine;
using QatKit.Training.Recipes;

namespace QatKit.Cli.Recipes;

/// <summary>Finds a recipe: a file, or one of those that come with the tool.</summary>
internal static class RecipeFile
{
    /// <summary><c>--set section.key=value</c>, any number of times.</summary>
    public static Option<string[]> SetOption() => new("--set")
    {
        Description = "Replace a value of the recipe: section.key=value. May be repeated.",
        Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>Loads a recipe. The paths in one that comes with the tool are relative to the recipes folder, where there is one.</summary>
    public static LoadedRecipe Load(string nameOrPath, IReadOnlyList<string> overrides)
    {
        if (File.Exists(nameOrPath)) return RecipeLoader.Load(nameOrPath, overrides, filesToo: true);
        var name = nameOrPath.Replace('\\', '/');
        if (name.StartsWith("recipes/", StringComparison.Ordinal)) name = name["recipes/".Length..];
        if (name.EndsWith(".yaml", StringComparison.Ordinal)) name = name[..^".yaml".Length];
        var beside = Beside(name);
        return File.Exists(beside)
            ? RecipeLoader.Load(beside, overrides, filesToo: true)
            : RecipeLoader.Parse(RecipeCatalog.Read(name), nameOrPath, FolderOf(name), overrides, filesToo: true);
    }

    /// <summary>The folder to which the paths in a recipe that comes with the tool are relative.</summary>
    public static string FolderOf(string name) =>
        File.Exists(Beside(name)) ? Path.GetDirectoryName(Path.GetFullPath(Beside(name)))! : Environment.CurrentDirectory;

    private static string Beside(string name) => Path.Combine("recipes", name + ".yaml");
}
