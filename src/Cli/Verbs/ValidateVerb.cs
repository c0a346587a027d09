using System.CommandLine;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Recipes;
using QatKit.Training.Runs;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit validate RECIPE</c>: reports every problem of a recipe at once.</summary>
internal static class ValidateVerb
{
    public static Command Create(CommandContext context)
    {
        var recipe = new Argument<string>("recipe") { Description = "Recipe file, or the name of one that comes with the tool." };
        var overrides = RecipeFile.SetOption();
        var command = new VerbCommand("validate", "Check a recipe and report every problem at once.", "qatkit validate recipes/quickstart.yaml --set train.epochs=2") { recipe, overrides };
        command.SetAction(parsed =>
        {
            var loaded = RecipeFile.Load(parsed.GetRequiredValue(recipe), parsed.GetValue(overrides) ?? []);
            RecipeCheck.Run(loaded);
            context.Out.WriteLine($"{loaded.Recipe.Name}: valid.");
            return ExitCode.Ok;
        });
        return command;
    }
}
