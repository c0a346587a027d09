using Spectre.Console;

namespace QatKit.Cli.CommandLine;

/// <summary>Where a verb writes: results to <see cref="Out"/>, problems to <see cref="Error"/>.</summary>
internal sealed class CommandContext
{
    private const int Unlimited = 10_000;

    public CommandContext(TextWriter output, TextWriter error, bool isTerminal, bool noColor)
    {
        Out = output;
        Error = error;
        IsTerminal = isTerminal;
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal && !noColor ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!isTerminal) Console.Profile.Width = Unlimited;
    }

    public TextWriter Out { get; }

    public TextWriter Error { get; }

    /// <summary>False when output is redirected: plain text, no progress bar.</summary>
    public bool IsTerminal { get; }

    public IAnsiConsole Console { get; }

    /// <summary>Set by <c>--verbose</c>: stack traces are shown.</summary>
    public bool Verbose { get; set; }

    /// <summary>The standard streams of this process. NO_COLOR (no-color.org) switches colours off.</summary>
    public static CommandContext ForProcess() => new(
        System.Console.Out, System.Console.Error,
        isTerminal: !System.Console.IsOutputRedirected,
        noColor: Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 });
}
