using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cuda.Compilation;

namespace QatKit.InferenceEngine;

/// <summary>Compiles CUDA kernels ahead of time, so that a model runs on machines without NVRTC and starts at once elsewhere. Needs no device.</summary>
public static class CudaKernels
{
    /// <summary>Folder of compiled kernels inside a model's folder.</summary>
    public const string FolderName = "kernels";

    /// <summary>What kernels can be compiled for: <c>sm_80</c>, <c>sm_86</c>, <c>sm_89</c>, <c>sm_90a</c>, and <c>compute_90</c>, which newer devices' drivers compile.</summary>
    public static IReadOnlyList<string> Targets { get; } = [.. KernelTarget.All.Select(t => t.Name)];

    /// <summary>Compiles every kernel that a plan for the model can ask for into the model's <c>kernels</c> folder. Kernels that are there already
    /// are kept, so an interrupted call goes on where it stopped.</summary>
    /// <param name="artifact">The model.</param>
    /// <param name="targets">Some of <see cref="Targets"/>.</param>
    /// <param name="cancellationToken">Checked before each kernel.</param>
    /// <returns>Kernels in the folder for this model and these targets.</returns>
    /// <exception cref="QatKitException">QK6010 no NVRTC, QK6011 a kernel does not compile, QK6012 a target is not known.</exception>
    public static int Precompile(ModelArtifact artifact, IReadOnlyList<string> targets, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(targets);
        var problems = new DiagnosticBag();
        foreach (var target in targets.Where(t => !Targets.Contains(t)))
            problems.Add("QK6012", "targets", $"'{target}' is not a target. Use some of {string.Join(", ", Targets)}.");
        problems.ThrowIfAny();
        return KernelPrecompiler.Compile(artifact.Graph, [.. targets.Distinct().Select(t => new KernelTarget(t))], NvrtcCompiler.Open(),
            Path.Combine(artifact.Directory, FolderName), cancellationToken);
    }
}
