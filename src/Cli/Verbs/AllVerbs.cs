using System.CommandLine;
using QatKit.Cli.CommandLine;

namespace QatKit.Cli.Verbs;

/// <summary>The verbs in the order in which help lists them.</summary>
internal static class AllVerbs
{
    public static IEnumerable<Command> Create(CommandContext context) =>
    [
        RunVerb.Create(context),
        ValidateVerb.Create(context),
        ListVerb.Create(context),
        CopyVerb.Create(context),
        ExportVerb.Create(context),
        VerifyVerb.Create(context),
        PredictVerb.Create(context),
        InspectVerb.Create(context),
        BenchVerb.Create(context),
        KernelsVerb.Create(context),
        DoctorVerb.Create(context),
    ];
}
