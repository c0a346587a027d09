using QatKit.Cli.CommandLine;

namespace QatKit.Cli.Output;

/// <summary>One line per step, as it starts.</summary>
internal sealed class LineProgress(CommandContext context) : IProgress<string>
{
    public void Report(string value) => context.Out.WriteLine(value);
}
