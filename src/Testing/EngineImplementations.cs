using QatKit.Core.Graph;
using QatKit.InferenceEngine;

namespace QatKit.Testing;

/// <summary>The engine's sessions as implementations to compare.</summary>
public static class EngineImplementations
{
    /// <summary>CPU tiers that can run on this machine, in rising order of preference.</summary>
    public static IReadOnlyList<CpuTier> AvailableTiers { get; } =
        [.. BackendProbe.Probe().Where(b => b.Backend == "cpu" && b.IsAvailable).Select(b => Enum.Parse<CpuTier>(b.Tier))];

    /// <summary>The ways in which a backend computes here: every available tier of the processor, or a CUDA device, which is not looked for.</summary>
    public static IEnumerable<SessionOptions> Options(EngineBackend backend) => backend switch
    {
        EngineBackend.Cpu => AvailableTiers.Select(tier => new SessionOptions { CpuTier = tier }),
        EngineBackend.Cuda => [new SessionOptions { Backend = EngineBackend.Cuda }],
        _ => throw new ArgumentOutOfRangeException(nameof(backend), backend, "Auto is a choice, not a backend."),
    };

    /// <summary>A session of its own, named after what its options ask for.</summary>
    public static Implementation Create(QuantizedGraph graph, SessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var session = InferenceSession.Create(graph, options);
        var format = options.WeightFormat == WeightFormat.Auto ? "" : options.WeightFormat == WeightFormat.Dense ? " dense" : " 2:4";
        var threads = options.Threads == 0 ? "" : options.Threads == 1 ? " 1 thread" : $" {options.Threads} threads";
        return new Implementation($"{session.Backend} {session.Tier}{format}{threads}", session.Run, session) { RecordsTrace = true };
    }

    /// <summary>A session that someone else owns.</summary>
    public static Implementation Of(InferenceSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return new Implementation(session.Description, session.Run) { RecordsTrace = true };
    }
}
