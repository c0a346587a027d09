using System.Collections.Concurrent;
using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>Runs a model on the processor.</summary>
/// <remarks>Concurrency: with one thread per call, calls run side by side on their callers' threads, each with its own
/// buffers. With a team, calls take turns, so that threads never outnumber the team and no call waits inside a stage.</remarks>
internal sealed class CpuBackend : IComputeBackend
{
    private readonly CpuModel _model;
    private readonly CpuSettings _settings;
    private readonly WorkerTeam _team;
    private readonly object _turn = new();
    private readonly ConcurrentBag<ForwardPass> _idle = [];
    private volatile bool _disposed;

    private CpuBackend(CpuModel model, CpuSettings settings)
    {
        _model = model;
        _settings = settings;
        _team = new WorkerTeam(settings.Threads);
    }

    public string Name => "cpu";

    public string Tier => _settings.Kernels.Tier;

    public string Description
    {
        get
        {
            var layers = _model.Linears.ToArray();
            var threads = _team.Workers == 1 ? "1 thread" : $"{_team.Workers} threads";
            return $"CPU, {Tier} kernels ({_settings.Reason}), {threads}, 2:4 kernels in {layers.Count(l => l.IsSparse)} of {layers.Length} linear layers";
        }
    }

    /// <summary>Packs a graph that is in memory.</summary>
    /// <param name="graph">A valid graph.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="QatKitException">See <see cref="CpuSettings.Of"/>.</exception>
    public static CpuBackend Create(QuantizedGraph graph, SessionOptions options) =>
        Create(graph, CpuSettings.Of(options, graph.Linears.Any(CpuModel.HasSparseKernel)));

    /// <inheritdoc cref="Create(QuantizedGraph, SessionOptions)"/>
    public static CpuBackend Create(QuantizedGraph graph, CpuSettings settings) => new(CpuModel.Of(graph, settings), settings);

    /// <summary>Reads a model folder; see <see cref="CpuModel.Read"/>.</summary>
    /// <param name="directory">The artifact's folder.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="QatKitException">See <see cref="ArtifactReader.Read(string)"/> and <see cref="CpuSettings.Of"/>.</exception>
    public static CpuBackend Load(string directory, SessionOptions options)
    {
        var (model, settings) = ArtifactReader.Read(directory, artifact =>
        {
            var settings = CpuSettings.Of(options, artifact.Header.Manifest.Layers.Values.Any(CpuModel.HasSparseKernel));
            return (CpuModel.Read(artifact, settings), settings);
        });
        return new CpuBackend(model, settings);
    }

    public BertArchitecture Architecture => _model.Architecture;

    public int ThreadsFor(TokenBatch batch) => _settings.ThreadsFor(_model.Architecture, batch.TokenCount);

    public void Run(TokenBatch batch, IActivationTrace? trace, Span<float> logits)
    {
        if (_team.Workers == 1)
        {
            RunAlone(batch, trace, logits);
            return;
        }

        // A lock does not hold up its own thread, which may come back from a trace, or, where a window's thread waits, with one of the window's messages.
        if (Monitor.IsEntered(_turn))
            throw new InvalidOperationException("The session is running a batch for a caller on this same thread. Run the next one when that has returned.");
        lock (_turn) RunAlone(batch, trace, logits);
    }

    public void Dispose()
    {
        lock (_turn)
        {
            if (_disposed) return;
            _disposed = true;
            _team.Dispose();
            _idle.Clear();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>The threads of a session that nobody disposed would wait for ever.</summary>
    ~CpuBackend() => _team?.End(); // Null where the constructor failed.

    private void RunAlone(TokenBatch batch, IActivationTrace? trace, Span<float> logits)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(InferenceSession));
        if (!_idle.TryTake(out var pass)) pass = new ForwardPass(_model, _settings, _team);
        pass.Execute(batch, trace, logits);
        if (!_disposed) _idle.Add(pass); // After an exception the pass and its buffers are simply not reused.
    }
}
