using System.Diagnostics;
using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cuda.Driver;

namespace QatKit.InferenceEngine;

/// <summary>A loaded model, ready to run. Thread-safe; dispose it to end its worker threads.</summary>
/// <remarks>The logits are the same, bit for bit, for every option, tier, thread count and batch composition:
/// they equal those of <see cref="Core.Reference.ReferenceExecutor"/>.</remarks>
public sealed class InferenceSession : IDisposable
{
    private readonly IComputeBackend _backend;
    private bool _disposed;

    private InferenceSession(IComputeBackend backend, string? fallback)
    {
        _backend = backend;
        Fallback = fallback;
    }

    /// <summary>Sizes of the model.</summary>
    public BertArchitecture Architecture => _backend.Architecture;

    /// <summary>Which backend and tier run, and why.</summary>
    public string Description => Fallback is null ? _backend.Description : $"{_backend.Description}; CUDA not used: {Fallback}";

    /// <summary>Why <see cref="EngineBackend.Auto"/> did not choose CUDA; null where it did, or where CUDA was not asked for. Worth a line in
    /// the application's log; the engine itself reports it in its traces and as a warning of its event source (<see cref="EngineTelemetry.Name"/>).</summary>
    public string? Fallback { get; }

    /// <summary>Name of the backend that runs: <c>cpu</c> or <c>cuda</c>.</summary>
    public string Backend => _backend.Name;

    /// <summary>Name of the kernel tier that runs.</summary>
    public string Tier => _backend.Tier;

    /// <summary>The backend itself, for measurements.</summary>
    internal IComputeBackend Engine => _backend;

    /// <summary>Reads a model folder, checks it and prepares it to run. On the CPU each layer is packed when it was read, so that no
    /// weight is in memory twice.</summary>
    /// <param name="directory">The artifact's folder.</param>
    /// <param name="options">Threads, tier and weight format; defaults when omitted.</param>
    /// <exception cref="Core.Diagnostics.QatKitException">The artifact is damaged or breaks the contract (see
    /// <see cref="ArtifactReader.Read"/>), or an option cannot be met here (see <see cref="Create(QuantizedGraph, SessionOptions?)"/>).</exception>
    public static InferenceSession Load(string directory, SessionOptions? options = null)
    {
        using var activity = EngineTelemetry.Activities.StartActivity("load");
        return Finish(BackendFactory.Load(directory, options ?? new SessionOptions(), CudaDriver.Open), activity);
    }

    /// <summary>Prepares a model that was read already.</summary>
    /// <param name="artifact">The model; compiled kernels in its <c>kernels</c> folder serve the CUDA backend.</param>
    /// <param name="options">Backend, threads, tier and weight format; defaults when omitted.</param>
    /// <exception cref="Core.Diagnostics.QatKitException">An option cannot be met here (see <see cref="Create(QuantizedGraph, SessionOptions?)"/>).</exception>
    public static InferenceSession Create(ModelArtifact artifact, SessionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        using var activity = EngineTelemetry.Activities.StartActivity("load");
        return Prepare(artifact.Graph, options, activity, artifact.Directory);
    }

    /// <summary>Prepares a graph that is already in memory.</summary>
    /// <param name="graph">The quantized model; weights are copied into the kernels' own layout, embedding tables are used in place.</param>
    /// <param name="options">Threads, tier and weight format; defaults when omitted.</param>
    /// <exception cref="Core.Diagnostics.QatKitException">The graph breaks the numerics contract (QK2xxx, QK3xxx), or an
    /// option cannot be met here (QK5050 tier, QK5051 threads, QK5052 weight format; QK6xxx when CUDA was demanded).</exception>
    public static InferenceSession Create(QuantizedGraph graph, SessionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        using var activity = EngineTelemetry.Activities.StartActivity("load");
        QuantizedGraphValidator.Check(graph);
        return Prepare(graph, options, activity);
    }

    // The graph was checked.
    private static InferenceSession Prepare(QuantizedGraph graph, SessionOptions? options, Activity? activity, string? directory = null) =>
        Finish(BackendFactory.Create(graph, options ?? new SessionOptions(), directory, CudaDriver.Open), activity);

    private static InferenceSession Finish((IComputeBackend Backend, string? Fallback) choice, Activity? activity)
    {
        activity?.SetTag("backend", choice.Backend.Name).SetTag("kernel.tier", choice.Backend.Tier);
        return Wrap(choice.Backend, choice.Fallback);
    }

    /// <summary>Wraps a backend directly: how tests run kernel sets that are not for users.</summary>
    internal static InferenceSession Wrap(IComputeBackend backend, string? fallback = null) => new(backend, fallback);

    /// <summary>Threads of the processor that a call with this batch keeps busy, the caller's included: on the CPU at most
    /// <see cref="SessionOptions.Threads"/>, and fewer for small batches (<see cref="SessionOptions.WorkPerThread"/>); 1 where a device computes.</summary>
    /// <param name="batch">B sequences.</param>
    public int ThreadsFor(TokenBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return _backend.ThreadsFor(batch);
    }

    /// <summary>Computes the logits of a batch.</summary>
    /// <param name="batch">B sequences.</param>
    /// <param name="trace">Receives every intermediate code tensor on the calling thread, when given. Slower.</param>
    /// <returns>Logits, row-major [B, C].</returns>
    /// <exception cref="Core.Diagnostics.QatKitException">The batch does not fit the model (QK5001 to QK5004).</exception>
    /// <exception cref="ObjectDisposedException">The session was disposed.</exception>
    /// <exception cref="InvalidOperationException">Called from within <paramref name="trace"/> of another run of this session, whose threads are busy.</exception>
    public float[] Run(TokenBatch batch, IActivationTrace? trace = null)
    {
        Check(batch);
        var logits = new float[batch.Count * Architecture.Classes];
        RunChecked(batch, trace, logits);
        return logits;
    }

    /// <summary>Computes the logits of a batch into memory of the caller. On the CPU it allocates nothing once the session has
    /// run a batch of at least this size; with one thread per call, once it has run as many of them at the same time.</summary>
    /// <remarks>Working memory is kept until the session is disposed, at the size of the largest batch so far: with one thread per call as often as calls ran at
    /// the same time, else once.</remarks>
    /// <param name="batch">B sequences.</param>
    /// <param name="logits">Receives the logits, row-major [B, C]; may be longer.</param>
    /// <exception cref="ArgumentException"><paramref name="logits"/> is shorter than B · C.</exception>
    /// <exception cref="Core.Diagnostics.QatKitException">The batch does not fit the model (QK5001 to QK5004).</exception>
    /// <exception cref="ObjectDisposedException">The session was disposed.</exception>
    public void Run(TokenBatch batch, Span<float> logits)
    {
        Check(batch);
        var needed = batch.Count * Architecture.Classes;
        if (logits.Length < needed) throw new ArgumentException($"logits has {logits.Length} elements, the batch needs {needed}.", nameof(logits));
        RunChecked(batch, trace: null, logits[..needed]);
    }

    private void Check(TokenBatch batch)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        TokenBatchValidator.Check(batch, Architecture);
    }

    private void RunChecked(TokenBatch batch, IActivationTrace? trace, Span<float> logits)
    {
        using var activity = EngineTelemetry.Activities.StartActivity("run");
        activity?.SetTag("backend", _backend.Name).SetTag("kernel.tier", _backend.Tier).SetTag("tokens", batch.TokenCount);
        var start = Stopwatch.GetTimestamp();
        _backend.Run(batch, trace, logits);
        EngineTelemetry.RecordRun(_backend, start, batch.TokenCount);
    }

    /// <summary>Ends the worker threads, after a call in progress. A call in progress that has no worker threads goes on to its end, and is not waited for.</summary>
    public void Dispose()
    {
        _disposed = true;
        _backend.Dispose();
    }
}
