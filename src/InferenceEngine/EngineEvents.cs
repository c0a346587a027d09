using System.Diagnostics.Tracing;

namespace QatKit.InferenceEngine;

/// <summary>What the engine logs, as an <see cref="EventSource"/>: event listeners and dotnet-trace read it, and the engine needs no logging library.</summary>
[EventSource(Name = EngineTelemetry.Name)]
internal sealed class EngineEvents : EventSource
{
    /// <summary>The one source of the process.</summary>
    public static readonly EngineEvents Log = new();

    private EngineEvents()
    {
    }

    /// <summary>A device was wanted and the processor runs instead.</summary>
    [Event(1, Level = EventLevel.Warning, Message = "CUDA is not used: {0}")]
    public void CudaNotUsed(string reason) => WriteEvent(1, reason);
}
