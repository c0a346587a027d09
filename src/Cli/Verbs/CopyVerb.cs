using System.CommandLine;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Recipes;
using QatKit.Core.Diagnostics;
using QatKit.Core.Files;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit cp NAME [FILE]</c>: copies a recipe to edit it.</summary>
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
            AtomicFile.WriteText(target, text);
            context.Out.WriteLine($"Copied {recipe} to {target}.");
            return ExitCode.Ok;
        });
        return command;
    }
}
