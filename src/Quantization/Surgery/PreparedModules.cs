using QatKit.Quantization.Modules;

namespace QatKit.Quantization.Surgery;

/// <summary>The fake-quantized modules of a prepared model by module path.</summary>
internal sealed class PreparedModules
{
    internal Dictionary<string, FakeQuantLinear> Linears { get; } = [];

    internal Dictionary<string, FakeQuantLayerNorm> LayerNorms { get; } = [];

    internal Dictionary<string, FakeQuantSelfAttention> Attentions { get; } = [];
}
