using TorchSharp;

namespace QatKit.Quantization.Kernels;

/// <summary>Splits rows over as many threads as torch uses, when there is enough to do.</summary>
internal static class RowParallel
{
    // A few hundred µs of work: torch's own idle threads keep spinning for a while, so a second thread is slow to start.
    private const long ElementsPerThread = 1 << 18;

    /// <summary>Number of parts for that many elements: 1 for small tensors.</summary>
    internal static int Parts(long rows, long elements) =>
        (int)Math.Max(1, Math.Min(Math.Min(rows, torch.get_num_threads()), elements / ElementsPerThread));

    /// <summary>Runs <paramref name="body"/>(from, to) over [0, rows), in one or several parts.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="elements">Elements in all rows.</param>
    /// <param name="body">Must not depend on how the rows are split.</param>
    internal static void For(long rows, long elements, Action<long, long> body)
    {
        var parts = Parts(rows, elements);
        if (parts == 1) body(0, rows);
        else Parallel.For(0, parts, i => body(rows * i / parts, rows * (i + 1) / parts));
    }

    /// <summary>As <see cref="For"/>, for bodies that return a maximum.</summary>
    internal static float Max(long rows, long elements, Func<long, long, float> body)
    {
        var parts = Parts(rows, elements);
        if (parts == 1) return body(0, rows);
        var maxima = new float[parts];
        Parallel.For(0, parts, i => maxima[i] = body(rows * i / parts, rows * (i + 1) / parts));
        return maxima.Aggregate(MathF.Max);
    }
}
