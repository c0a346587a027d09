using System.CommandLine;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Models;
using QatKit.Cli.Output;
using QatKit.Cli.Recipes;
using QatKit.Training.Runs;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit run RECIPE</c>: the whole road, from data to a verified INT8 model.</summary>
internal static class RunVerb
{
    public static Command Create(CommandContext context)
    {
        var recipe = new Argument<string>("recipe") { Description = "Recipe file, or the name of one that comes with the tool." };
        var overrides = RecipeFile.SetOption();
        var output = new Option<string?>("--output") { Description = "Folder of the run; runs/NAME when omitted." };
        var resume = new Option<bool>("--resume") { Description = "Go on from the last checkpoint in the folder." };
        var command = new VerbCommand("run", "Train, quantize, export and verify what a recipe describes.", "qatkit run recipes/quickstart.yaml --set train.epochs=2 --output runs/short")
        {
            recipe, overrides, output, resume,
        };
        command.SetAction((parsed, cancellationToken) => Task.Run(
            () =>
            {
                var loaded = RecipeFile.Load(parsed.GetRequiredValue(recipe), parsed.GetValue(overrides) ?? []);
                var folder = parsed.GetValue(output) ?? Path.Combine("runs", loaded.Recipe.Name);
                var result = TrainingDisplay.Show(context, progress => new RecipeRunner(progress).Run(loaded, folder, parsed.GetValue(resume), cancellationToken));
                Write(context, result);
                return result.Verification.Passed ? ExitCode.Ok : ExitCode.GateFailed;
            },
            CancellationToken.None)); // Cancelling is the runner's business: it saves first.
        return command;
    }

    private static void Write(CommandContext context, RunResult result)
    {
        context.Out.WriteLine();
        VerifyVerb.Write(context, result.Verification, result.RunFolder);
        using var model = LoadedModel.Load(result.ArtifactFolder);
        context.Out.WriteLine($"model: {Relative(result.ArtifactFolder)} ({(int)result.Duration.TotalMinutes} min {result.Duration.Seconds} s)");
        context.Out.WriteLine($"prediction: {model.Predict(result.Encoder.EncodeBatch(result.SampleText))[0]}: {result.SampleText}");
    }

    private static string Relative(string path) => Path.GetRelativePath(Environment.CurrentDirectory, path);
}
