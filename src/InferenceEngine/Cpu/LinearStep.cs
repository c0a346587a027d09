namespace QatKit.InferenceEngine.Cpu;

/// <summary>A linear layer over all rows, which a team computes together.</summary>
/// <param name="Layer">Weights, packed by the kernel set that computes it.</param>
/// <param name="Input">Codes of the layer's width, [rows, K].</param>
/// <param name="Split">Rows and blocks, and whose they are.</param>
/// <param name="Output">Destination and epilogue.</param>
internal readonly record struct LinearStep(PackedLinear Layer, Codes Input, BlockSplit Split, LinearOutput Output)
{
    /// <summary>The layer that the same workers multiply next, when there is one: they fetch its first weights at the end of this one.</summary>
    public PackedLinear? Following { get; init; }

    /// <summary>See <see cref="WorkRange.Claims"/>.</summary>
    public Codes? Claims { get; init; }

    /// <summary>What a worker multiplies after a piece of this layer.</summary>
    /// <param name="worker">Who.</param>
    /// <param name="next">The block with which its share goes on; −1 at its end.</param>
    public NextWeights After(int worker, int next) =>
        next >= 0 ? new NextWeights(Layer, next)
        : Following is { } following ? new NextWeights(following, Split.FirstBlockOf(worker, following.Blocks))
        : default;
}
