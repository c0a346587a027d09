using QatKit.Quantization.Layout;
using static TorchSharp.torch;

namespace QatKit.Training.Bert;

/// <summary>One encoder layer: attention and FFN, [T, H] to [T, H].</summary>
internal sealed class BertLayer : nn.Module<Tensor, TokenLayout, Tensor>
{
    private readonly BertAttention _attention;
    private readonly BertActivatedLinear _intermediate;
    private readonly BertResidualOutput _output;

    internal BertLayer(BertConfig config)
        : base(nameof(BertLayer))
    {
        _attention = new BertAttention(config);
        _intermediate = new BertActivatedLinear(config.HiddenSize, config.IntermediateSize, nn.GELU());
        _output = new BertResidualOutput(config, config.IntermediateSize);
        register_module("attention", _attention);
        register_module("intermediate", _intermediate);
        register_module("output", _output);
    }

    public override Tensor forward(Tensor hidden, TokenLayout layout)
    {
        var attention = _attention.forward(hidden, layout); // [T, H]
        return _output.forward(_intermediate.forward(attention), attention); // [T, F] -> [T, H]
    }
}
