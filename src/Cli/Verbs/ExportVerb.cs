using System.CommandLine;
using QatKit.Cli.CommandLine;
using QatKit.Training.Runs;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit export RUN</c>: writes the model of a finished run again, from its checkpoint.</summary>
internal static class ExportVerb
{
    public static Command Create(CommandContext context)
    {
        var run = new Argument<string>("run") { Description = "Folder of a finished run." };
        var output = new Option<string?>("--output") { Description = "Folder of the model; the one inside the run when omitted." };
        var command = new VerbCommand("export", "Write the INT8 model of a finished run again, from its checkpoint.", "qatkit export runs/quickstart --output out/model") { run, output };
        command.SetAction((parsed, cancellationToken) =>
        {
            var artifact = RunExporter.Export(parsed.GetRequiredValue(run), parsed.GetValue(output), cancellationToken);
            context.Out.WriteLine($"Wrote {artifact.Directory}, read it back and compared it.");
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }
}
