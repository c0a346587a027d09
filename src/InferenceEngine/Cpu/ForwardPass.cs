using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>Forward passes, one at a time: what the workers of one share. Each of them does its part of every stage (<see cref="WorkerPass"/>).</summary>
/// <remarks>Everything is made once, so that a steady load allocates nothing.</remarks>
internal sealed class ForwardPass
{
    private readonly CpuSettings _settings;
    private readonly Action<int> _run;
    private readonly WorkerPass[] _workers;

    // Workers offer their shares of a stage while others may still take from the one before.
    private readonly StageQueues[] _queues;

    /// <param name="model">Packed weights.</param>
    /// <param name="settings">The tier, and how many of the team a batch needs.</param>
    /// <param name="team">Who works.</param>
    public ForwardPass(CpuModel model, CpuSettings settings, WorkerTeam team)
    {
        Model = model;
        Team = team;
        _settings = settings;
        _queues = [new(team.Workers), new(team.Workers)];
        Buffers = new RunBuffers(model, team.Workers);
        _workers = [.. Enumerable.Range(0, team.Workers).Select(w => new WorkerPass(this, w))];
        _run = worker => _workers[worker].Run();
    }

    public CpuModel Model { get; }

    public CpuKernels Kernels => _settings.Kernels;

    public WorkerTeam Team { get; }

    public RunBuffers Buffers { get; }

    public TokenBatch Batch { get; private set; } = null!;

    public TraceRecorder Trace { get; private set; }

    /// <summary>Of the team, those that this pass keeps busy.</summary>
    public int Workers { get; private set; }

    /// <summary>What the workers take from in a stage.</summary>
    /// <param name="stage">Stages in which work is taken, counted.</param>
    public StageQueues Queues(int stage) => _queues[stage % _queues.Length];

    /// <summary>Runs the model.</summary>
    /// <param name="batch">B sequences.</param>
    /// <param name="trace">Receives intermediate tensors, when given.</param>
    /// <param name="logits">Receives [B, C].</param>
    public unsafe void Execute(TokenBatch batch, IActivationTrace? trace, Span<float> logits)
    {
        Batch = batch;
        Trace = TraceRecorder.Of(trace, Model);
        Workers = _settings.ThreadsFor(Model.Architecture, batch.TokenCount);
        Buffers.Reserve(batch.TokenCount, batch.Count);
        Team.Run(_run, Workers);
        new ReadOnlySpan<float>(Buffers.Logits, logits.Length).CopyTo(logits);
        Batch = null!;
        Trace = default;
    }
}
