using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>What a session's options come to on this machine.</summary>
/// <param name="Kernels">The tier.</param>
/// <param name="Threads">Size of the team; also the threads that pack.</param>
/// <param name="Format">Packing of weights.</param>
/// <param name="Reason">Why this tier, for the description.</param>
/// <param name="WorkPerThread">See <see cref="SessionOptions.WorkPerThread"/>; 0 gives every call the whole team.</param>
internal sealed record CpuSettings(CpuKernels Kernels, int Threads, WeightFormat Format, string Reason, int WorkPerThread = 0)
{
    // Projection, attention, its output, LayerNorm, two FFN products, LayerNorm.
    private const int StagesPerLayer = 7;

    /// <summary>Checks options and makes the choices that they leave open.</summary>
    /// <param name="options">The options.</param>
    /// <param name="hasSparseKernels">True when a layer of the model can run on a 2:4 kernel.</param>
    /// <exception cref="QatKitException">QK5050 tier not available, QK5051 thread count, QK5052 no 2:4 layer, QK5055 work per thread.</exception>
    public static CpuSettings Of(SessionOptions options, bool hasSparseKernels)
    {
        var problems = new DiagnosticBag();
        var tier = options.CpuTier == CpuTier.Auto ? BackendProbe.BestCpuTier() : options.CpuTier;
        var availability = BackendProbe.Cpu(tier);
        if (!availability.IsAvailable)
            problems.Add("QK5050", "SessionOptions.CpuTier", $"the tier {tier} cannot run here: {availability.Reason}. Use CpuTier.Auto.");
        if (options.Threads is < 0 or > WorkerTeam.MaxWorkers)
            problems.Add("QK5051", "SessionOptions.Threads", $"{options.Threads} threads is outside 0..{WorkerTeam.MaxWorkers}. Use 0 for one per processor.");
        if (options.WorkPerThread < 0)
            problems.Add("QK5055", "SessionOptions.WorkPerThread", $"{options.WorkPerThread} is negative. Use 0 to take all threads for every call.");
        if (options.WeightFormat == WeightFormat.Sparse24 && !hasSparseKernels)
            problems.Add("QK5052", "SessionOptions.WeightFormat", "no int8 layer of the model has a 2:4 mask. Use WeightFormat.Auto, or prune the model.");
        problems.ThrowIfAny();
        var threads = options.Threads == 0 ? Math.Min(Environment.ProcessorCount, WorkerTeam.MaxWorkers) : options.Threads;
        var reason = options.CpuTier == CpuTier.Auto ? $"the fastest available: {availability.Reason}" : "as requested";
        return new CpuSettings(CpuKernels.Of(tier), threads, options.WeightFormat, reason, options.WorkPerThread);
    }

    /// <summary>Threads that a call keeps busy: as many as its average stage has <see cref="WorkPerThread"/> for, at most <see cref="Threads"/>.</summary>
    /// <param name="architecture">Sizes of the model.</param>
    /// <param name="tokens">Tokens of the batch.</param>
    public int ThreadsFor(BertArchitecture architecture, int tokens)
    {
        if (WorkPerThread == 0) return Threads;
        var perStage = (double)tokens * architecture.Hidden * (4 * architecture.Hidden + 2 * architecture.Intermediate) / StagesPerLayer;
        return (int)Math.Clamp(perStage / WorkPerThread, 1, Threads);
    }

    /// <summary>Packs a layer.</summary>
    public PackedLinear Pack(QuantizedLinear layer) =>
        Kernels.Pack(layer, sparse: Format != WeightFormat.Dense && CpuModel.HasSparseKernel(layer));
}
