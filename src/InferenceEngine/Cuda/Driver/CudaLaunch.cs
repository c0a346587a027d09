using System.Globalization;

namespace QatKit.InferenceEngine.Cuda.Driver;

/// <summary>A size in three dimensions.</summary>
internal readonly record struct Dim3(int X, int Y = 1, int Z = 1)
{
    /// <summary>X · Y · Z.</summary>
    public long Count => (long)X * Y * Z;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"({X}, {Y}, {Z})");
}

/// <summary>One kernel launch, complete: it can be issued, captured, printed and compared.</summary>
/// <param name="Function">The kernel.</param>
/// <param name="Grid">Blocks.</param>
/// <param name="Block">Threads of a block.</param>
/// <param name="SharedBytes">Dynamic shared memory of a block.</param>
/// <param name="Arguments">The parameter.</param>
/// <param name="Shapes">What it computes, for messages: <c>layer 3 query X[128, 1024] W[1024, 1024]</c>.</param>
internal sealed record CudaLaunch(CudaFunction Function, Dim3 Grid, Dim3 Block, int SharedBytes, KernelArguments Arguments, string Shapes)
{
    /// <summary>Blocks of a thread-block cluster; null without clusters.</summary>
    public Dim3? Cluster { get; init; }

    /// <summary>True when the kernel may start before its predecessor in the stream has ended (programmatic dependent launch):
    /// it must wait by itself before it reads what the predecessor wrote.</summary>
    public bool OverlapsPredecessor { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = string.Create(CultureInfo.InvariantCulture,
            $"{Function.Module.Name} grid {Grid} block {Block} shared {SharedBytes} bytes");
        if (Cluster is { } cluster) text += $" cluster {cluster}";
        if (OverlapsPredecessor) text += " programmatic";
        return Shapes.Length == 0 ? text : $"{text}, {Shapes}";
    }
}
