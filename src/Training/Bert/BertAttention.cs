using QatKit.Quantization.Layout;
using QatKit.Quantization.Surgery;
using static TorchSharp.torch;

namespace QatKit.Training.Bert;

/// <summary>First half of a layer: self-attention and its residual output, [T, H] to [T, H].</summary>
internal sealed class BertAttention : nn.Module<Tensor, TokenLayout, Tensor>, IModuleHost
{
    private readonly ModuleSlot<nn.Module<Tensor, TokenLayout, Tensor>> _self;
    private readonly BertResidualOutput _output;

    internal BertAttention(BertConfig config)
        : base(nameof(BertAttention))
    {
        _self = new(this, "self", new BertSelfAttention(config));
        _output = new BertResidualOutput(config, config.HiddenSize);
        register_module("output", _output);
    }

    public IReadOnlyList<IModuleSlot> Slots => [_self];

    public override Tensor forward(Tensor hidden, TokenLayout layout) =>
        _output.forward(_self.Module.forward(hidden, layout), hidden);
}
