namespace QatKit.GpuCheck.Comparing;

/// <summary>A model and a batch to compare the processor's engines on.</summary>
/// <param name="Model">Name of a shape.</param>
/// <param name="Batch">Sequences per call.</param>
/// <param name="Length">Tokens of a sequence.</param>
internal sealed record ComparedShape(string Model, int Batch, int Length)
{
    /// <summary>The shapes of benchmarks/results, the one that matters most first.</summary>
    public static IReadOnlyList<ComparedShape> All { get; } =
        [new("bert-base", 1, 128), new("bert-base", 8, 128), new("bert-base", 1, 384), new("bert-large", 1, 128), new("bert-tiny", 1, 32)];

    /// <summary>As the pages of benchmarks/results are named.</summary>
    public override string ToString() => $"{Model}-b{Batch}-s{Length}";
}
