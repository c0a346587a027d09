using System.CommandLine;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Doctor;
using QatKit.Cli.Output;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit doctor</c>: what this machine offers, what is missing, and the remedy.</summary>
internal static class DoctorVerb
{
    public static Command Create(CommandContext context)
    {
        var json = new Option<bool>("--json") { Description = "Write JSON." };
        var command = new VerbCommand("doctor", "Show instruction tiers, libtorch, CUDA and NVRTC, what is missing, and what to do about it.", "qatkit doctor --json") { json };
        command.SetAction(parsed =>
        {
            var findings = MachineCheckup.Run();
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(context, findings);
            }
            else
            {
                var table = new TextTable("component", "state", "detail", "remedy");
                foreach (var f in findings) table.Add(f.Component, f.State.ToString().ToLowerInvariant(), f.Detail, f.Remedy);
                table.WriteTo(context);
            }

            return findings.Any(f => f.State == FindingState.Missing && f.Required) ? ExitCode.EnvironmentMissing : ExitCode.Ok;
        });
        return command;
    }
}
