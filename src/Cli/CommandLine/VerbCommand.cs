using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace QatKit.Cli.CommandLine;

/// <summary>A verb with an example, which its <c>--help</c> shows at the end.</summary>
internal sealed class VerbCommand(string name, string description, string example) : Command(name, description)
{
    public string Example { get; } = example;

    /// <summary>Makes the help of every verb end with its example.</summary>
    public static void ShowExamples(RootCommand root)
    {
        foreach (var option in root.Options.OfType<HelpOption>())
            option.Action = new HelpWithExample((HelpAction)option.Action!);
    }

    private sealed class HelpWithExample(HelpAction help) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var code = help.Invoke(parseResult);
            if (parseResult.CommandResult.Command is VerbCommand verb)
            {
                var output = parseResult.InvocationConfiguration.Output;
                output.WriteLine("Example:");
                output.WriteLine("  " + verb.Example);
            }

            return code;
        }
    }
}
