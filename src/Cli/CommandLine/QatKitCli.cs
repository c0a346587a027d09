using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;
using QatKit.Core.Diagnostics;

namespace QatKit.Cli.CommandLine;

/// <summary>The command line: parses, calls a verb, turns exceptions into messages and exit codes.</summary>
internal static class QatKitCli
{
    private static readonly Option<bool> VerboseOption = new("--verbose") { Description = "Show stack traces.", Recursive = true };

    /// <summary>Runs one command line.</summary>
    public static async Task<int> RunAsync(string[] args, CommandContext context, CancellationToken cancellationToken = default)
    {
        // Numbers and JSON look the same in every country.
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;
        // A text may start with @, which would otherwise name a file with more arguments.
        var parsed = CreateRoot(context).Parse(args.Length == 0 ? ["--help"] : args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        context.Verbose = parsed.GetValue(VerboseOption);
        var configuration = new InvocationConfiguration
        {
            Output = context.Out,
            Error = context.Error,
            EnableDefaultExceptionHandler = false,
            // After Ctrl-C a training run still saves its state.
            ProcessTerminationTimeout = TimeSpan.FromMinutes(1),
        };
        if (parsed.Action is ParseErrorAction mistakes) mistakes.ShowHelp = false;
        try
        {
            var code = await parsed.InvokeAsync(configuration, cancellationToken).ConfigureAwait(false);
            return args.Length == 0 ? ExitCode.Usage : code;
        }
        catch (Exception e)
        {
            return Report(e, context);
        }
    }

    /// <summary>All verbs.</summary>
    public static RootCommand CreateRoot(CommandContext context)
    {
        var root = new RootCommand("Quantization-aware training for .NET: from a recipe to a bit-exact INT8 model.");
        root.Options.Add(VerboseOption);
        foreach (var verb in Verbs.AllVerbs.Create(context)) root.Subcommands.Add(verb);
        VerbCommand.ShowExamples(root);
        return root;
    }

    private static bool IsTorchMissing(Exception exception) =>
        exception.GetBaseException() is DllNotFoundException or BadImageFormatException
        || (exception.GetBaseException() is NotSupportedException e && e.Message.Contains("TorchSharp", StringComparison.Ordinal));

    /// <summary>Writes what went wrong and returns the exit code.</summary>
    internal static int Report(Exception exception, CommandContext context)
    {
        if (context.Verbose) context.Error.WriteLine(exception);
        switch (exception)
        {
            case OperationCanceledException:
                context.Error.WriteLine("cancelled");
                return ExitCode.Cancelled;
            case QatKitException known:
                foreach (var problem in known.Diagnostics) context.Error.WriteLine($"error {problem}");
                return known.Diagnostics.All(EnvironmentCodes.Contains) ? ExitCode.EnvironmentMissing : ExitCode.InvalidInput;
            case var missing when IsTorchMissing(missing):
                context.Error.WriteLine($"error {new Diagnostic("QK5105", "libtorch", $"the native library cannot be loaded: {missing.GetBaseException().Message} 'qatkit doctor' shows what is missing; inference does not need it.")}");
                return ExitCode.EnvironmentMissing;
            case var exhausted when MemoryExhausted.Is(exhausted):
                context.Error.WriteLine($"error {new Diagnostic("QK5108", "memory", $"{MemoryExhausted.Reason(exhausted)} Lower train.batch_size or task.max_length of a recipe, or use a smaller model.")}");
                return ExitCode.EnvironmentMissing;
            case IOException or UnauthorizedAccessException:
                context.Error.WriteLine($"error {new Diagnostic("QK5100", "", exception.Message + " Check the path and its permissions.")}");
                return ExitCode.InvalidInput;
            default:
                context.Error.WriteLine($"internal error: {exception.GetType().Name}: {exception.Message}");
                context.Error.WriteLine("This is a bug of QatKit. Run again with --verbose and report the stack trace.");
                return ExitCode.Internal;
        }
    }
}
