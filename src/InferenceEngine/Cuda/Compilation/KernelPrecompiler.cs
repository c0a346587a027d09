using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cuda.Plans;

namespace QatKit.InferenceEngine.Cuda.Compilation;

/// <summary>Fills a model's <c>kernels/</c> folder, so that it runs on machines without NVRTC and starts at once elsewhere.</summary>
internal static class KernelPrecompiler
{
    /// <summary>Compiles every kernel that a plan for this model can ask for.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="targets">What to compile for.</param>
    /// <param name="compiler">The compiler.</param>
    /// <param name="folder">The folder; entries that are there already are kept.</param>
    /// <param name="cancellation">Checked before each kernel.</param>
    /// <returns>Kernels in the folder for this model and these targets.</returns>
    /// <exception cref="Core.Diagnostics.QatKitException">QK6010 no compiler, QK6011 a kernel does not compile.</exception>
    public static int Compile(QuantizedGraph graph, IReadOnlyList<KernelTarget> targets, IKernelCompiler compiler, string folder, CancellationToken cancellation)
    {
        var cache = new KernelCache(compiler, folder);
        var packings = graph.Linears.Any(Cpu.CpuModel.HasSparseKernel) ? new[] { false, true } : [false];
        // The classifier is always int16 and has its own place in the catalog.
        var int16 = graph.Linears.SkipLast(1).Any(l => l.Width == CodeWidth.Int16);
        var count = 0;
        foreach (var target in targets)
        {
            foreach (var definition in KernelCatalog.For(graph.Architecture, packings, int16, target == KernelTarget.Sm90a))
            {
                cancellation.ThrowIfCancellationRequested();
                cache.Get(KernelSources.Load(definition), target);
                count++;
            }
        }

        return count;
    }
}
