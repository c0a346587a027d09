using System.CommandLine;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Output;
using QatKit.Cli.Recipes;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit list</c>: the recipes that come with the tool.</summary>
internal static class ListVerb
{
    public static Command Create(CommandContext context)
    {
        var command = new VerbCommand("list", "List the recipes that come with the tool.", "qatkit list");
        command.SetAction(_ =>
        {
            var table = new TextTable("recipe", "purpose");
            foreach (var name in RecipeCatalog.Names) table.Add(name, RecipeCatalog.Summary(name));
            table.WriteTo(context);
            return ExitCode.Ok;
        });
        return command;
    }
}
