using TorchSharp.Modules;

namespace QatKit.Quantization.Surgery;

/// <summary>What surgery needs to know of a float self-attention block to build its fake-quantized twin.</summary>
public interface ISelfAttention
{
    /// <summary>Query projection [H, H].</summary>
    Linear Query { get; }

    /// <summary>Key projection [H, H].</summary>
    Linear Key { get; }

    /// <summary>Value projection [H, H].</summary>
    Linear Value { get; }

    /// <summary>Heads A; A divides H.</summary>
    int Heads { get; }

    /// <summary>Dropout probability of attention probabilities.</summary>
    double Dropout { get; }
}
