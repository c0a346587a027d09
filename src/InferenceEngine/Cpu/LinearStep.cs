namespace QatKit.InferenceEngine.Cpu;

/// <summary>A linear layer over all rows, which a team computes together.</summary>
/// <param name="Layer">Weights, packed by the kernel set that computes it.</param>
/// <param name="Input">Codes of the layer's width, [rows, K].</param>
/// <param name="Split">Rows and blocks, and whose they are.</param>
/// <param name="Output">Destination and epilogue.</param>
internal readonly record struct LinearStep(PackedLinear Layer, Codes Input, BlockSplit Split, LinearOutput Output)
{
    /// <summary>What the worker multiplies after this layer: it fetches the first weights meanwhile.</summary>
    public NextWeights Following { get; init; }

    /// <summary>See <see cref="WorkRange.Claims"/>.</summary>
    public Codes? Claims { get; init; }
}
