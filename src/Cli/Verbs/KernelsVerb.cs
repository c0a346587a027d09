using System.CommandLine;
using QatKit.Cli.CommandLine;
using QatKit.Core.Artifact;
using QatKit.InferenceEngine;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit kernels MODEL</c>: compiles the CUDA kernels of a model ahead of time.</summary>
internal static class KernelsVerb
{
    public static Command Create(CommandContext context)
    {
        var model = new Argument<string>("model") { Description = "Folder of an exported model." };
        var targets = new Option<string>("--for")
        {
            Description = $"What to compile for, separated by commas: {string.Join(", ", CudaKernels.Targets)}.",
            DefaultValueFactory = _ => "sm_80,sm_90a",
        };
        var command = new VerbCommand("kernels", "Compile the CUDA kernels of a model into its folder, so that it runs without NVRTC and starts at once. Needs no GPU.",
            "qatkit kernels runs/quickstart/model --for sm_80,sm_90a") { model, targets };
        command.SetAction((parsed, cancellationToken) =>
        {
            var artifact = ArtifactReader.Read(parsed.GetRequiredValue(model));
            var names = parsed.GetRequiredValue(targets).Split(',', StringSplitOptions.TrimEntries);
            var count = CudaKernels.Precompile(artifact, names, cancellationToken);
            context.Out.WriteLine($"{count} kernels for {string.Join(", ", names)} in {Path.Combine(artifact.Directory, CudaKernels.FolderName)}.");
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }
}
