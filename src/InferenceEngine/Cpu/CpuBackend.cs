using System.Collections.Concurrent;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>Runs a model on the processor.</summary>
/// <remarks>Concurrency: with one thread per call, calls run side by side on their callers' threads, each with its own
/// buffers. With a team, calls take turns, so that threads never outnumber the team and no call waits inside a stage.</remarks>
internal sealed class CpuBackend : IComputeBackend
{
    /// <summary>Largest team: far more than any processor of today has.</summary>
    public const int MaxThreads = 1024;

    private readonly CpuModel _model;
    private readonly CpuKernels _kernels;
    private readonly WorkerTeam _team;
    private readonly object _turn = new();
    private readonly ConcurrentBag<ForwardPass> _idle = [];
    private readonly string _reason;
    private readonly int _workPerThread;
    private bool _disposed;

    /// <param name="graph">A valid graph.</param>
    /// <param name="kernels">The tier.</param>
    /// <param name="threads">Size of the team.</param>
    /// <param name="format">Packing of weights.</param>
    /// <param name="reason">Why this tier, for the description.</param>
    /// <param name="workPerThread">See <see cref="SessionOptions.WorkPerThread"/>; by default every call takes the whole team.</param>
    public CpuBackend(QuantizedGraph graph, CpuKernels kernels, int threads, WeightFormat format, string reason, int workPerThread = 0)
    {
        _workPerThread = workPerThread;
        _model = new CpuModel(graph, kernels, format, threads);
        _kernels = kernels;
        _reason = reason;
        _team = new WorkerTeam(threads);
    }

    public string Name => "cpu";

    public string Tier => _kernels.Tier;

    public string Description
    {
        get
        {
            var layers = _model.Linears.ToArray();
            var threads = _team.Workers == 1 ? "1 thread" : $"{_team.Workers} threads";
            return $"CPU, {Tier} kernels ({_reason}), {threads}, 2:4 kernels in {layers.Count(l => l.IsSparse)} of {layers.Length} linear layers";
        }
    }

    /// <summary>Chooses the tier and packs the weights.</summary>
    /// <exception cref="QatKitException">QK5050 tier not available, QK5051 thread count, QK5052 no 2:4 layer, QK5055 work per thread.</exception>
    public static CpuBackend Create(QuantizedGraph graph, SessionOptions options)
    {
        var problems = new DiagnosticBag();
        var tier = options.CpuTier == CpuTier.Auto ? BackendProbe.BestCpuTier() : options.CpuTier;
        var availability = BackendProbe.Cpu(tier);
        if (!availability.IsAvailable)
            problems.Add("QK5050", "SessionOptions.CpuTier", $"the tier {tier} cannot run here: {availability.Reason}. Use CpuTier.Auto.");
        if (options.Threads is < 0 or > MaxThreads)
            problems.Add("QK5051", "SessionOptions.Threads", $"{options.Threads} threads is outside 0..{MaxThreads}. Use 0 for one per processor.");
        if (options.WorkPerThread < 0)
            problems.Add("QK5055", "SessionOptions.WorkPerThread", $"{options.WorkPerThread} is negative. Use 0 to take all threads for every call.");
        if (options.WeightFormat == WeightFormat.Sparse24 && !graph.Linears.Any(CpuModel.HasSparseKernel))
            problems.Add("QK5052", "SessionOptions.WeightFormat", "no int8 layer of the model has a 2:4 mask. Use WeightFormat.Auto, or prune the model.");
        problems.ThrowIfAny();
        var threads = options.Threads == 0 ? Math.Min(Environment.ProcessorCount, MaxThreads) : options.Threads;
        var reason = options.CpuTier == CpuTier.Auto ? $"the fastest available: {availability.Reason}" : "as requested";
        return new CpuBackend(graph, KernelsOf(tier), threads, options.WeightFormat, reason, options.WorkPerThread);
    }

    public int Classes => _model.Architecture.Classes;

    public void Run(TokenBatch batch, IActivationTrace? trace, Span<float> logits)
    {
        if (_team.Workers == 1)
        {
            RunAlone(batch, trace, logits);
            return;
        }

        lock (_turn) RunAlone(batch, trace, logits);
    }

    public void Dispose()
    {
        lock (_turn)
        {
            if (_disposed) return;
            _disposed = true;
            _team.Dispose();
        }
    }

    private static CpuKernels KernelsOf(CpuTier tier) => tier switch
    {
        CpuTier.Scalar => new ScalarKernels(),
        CpuTier.Avx2 => new Avx2Kernels(),
        CpuTier.AvxVnni => new AvxVnniKernels<DotU8S8>(),
        _ => throw new ArgumentOutOfRangeException(nameof(tier), tier, "Not a tier."),
    };

    private void RunAlone(TokenBatch batch, IActivationTrace? trace, Span<float> logits)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(InferenceSession));
        if (!_idle.TryTake(out var pass)) pass = new ForwardPass(_model, _kernels, _team, _workPerThread);
        pass.Execute(batch, trace, logits);
        _idle.Add(pass); // After an exception the pass and its buffers are simply not reused.
    }
}
