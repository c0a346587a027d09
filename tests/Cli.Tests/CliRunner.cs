using QatKit.Cli.CommandLine;

namespace QatKit.Cli.Tests;

/// <summary>Runs the command line in this process, with redirected output.</summary>
internal static class CliRunner
{
    public static async Task<(int Code, string Out, string Error)> Run(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await QatKitCli.RunAsync(args, new CommandContext(output, error, isTerminal: false, noColor: true), TestContext.Current.CancellationToken);
        return (code, output.ToString().ReplaceLineEndings("\n"), error.ToString().ReplaceLineEndings("\n"));
    }
}
