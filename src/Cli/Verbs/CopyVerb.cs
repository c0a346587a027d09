using System.CommandLine;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Recipes;
using QatKit.Core.Diagnostics;
using QatKit.Core.Files;
using QatKit.Training.Recipes;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit cp NAME [FILE]</c>: copies a recipe to edit it; the copy is named after its file, and its paths lead to the same files.</summary>
internal static class CopyVerb
{
    public static Command Create(CommandContext context)
    {
        var name = new Argument<string>("name") { Description = "Name of a recipe, see 'qatkit list'." };
        var file = new Argument<string?>("file") { Description = "Where to write it; NAME.yaml in the current folder when omitted.", Arity = ArgumentArity.ZeroOrOne };
        var command = new VerbCommand("cp", "Copy a recipe to edit it.", "qatkit cp quickstart mine.yaml") { name, file };
        command.SetAction(parsed =>
        {
            var recipe = parsed.GetRequiredValue(name);
            var text = RecipeCatalog.Read(recipe);
            var target = parsed.GetValue(file) ?? Path.GetFileName(recipe) + ".yaml";
            if (Path.Exists(target))
                throw new QatKitException("QK5102", target, "already exists. Give another name, or remove it first.");
            var run = Path.GetFileNameWithoutExtension(target);
            if (!RunName.IsValid(run))
                throw new QatKitException("QK5106", target, $"a recipe is named after its file, and '{run}' cannot be the name of a run. Use letters, digits, '.', '_' and '-'.");
            AtomicFile.WriteText(target, RecipeCopy.Rewrite(text, run, RecipeFile.FolderOf(recipe), Path.GetDirectoryName(Path.GetFullPath(target))!));
            context.Out.WriteLine($"Copied {recipe} to {target}.");
            return ExitCode.Ok;
        });
        return command;
    }
}
