using QatKit.Quantization.Layout;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace QatKit.Training.Bert;

/// <summary>The stack of L layers, [T, H] to [T, H].</summary>
internal sealed class BertEncoder : nn.Module<Tensor, TokenLayout, Tensor>
{
    internal BertEncoder(BertConfig config)
        : base(nameof(BertEncoder))
    {
        Layers = nn.ModuleList([.. Enumerable.Range(0, config.Layers).Select(_ => new BertLayer(config))]);
        register_module("layer", Layers);
    }

    internal ModuleList<BertLayer> Layers { get; }

    public override Tensor forward(Tensor hidden, TokenLayout layout)
    {
        foreach (var layer in Layers) hidden = layer.forward(hidden, layout);
        return hidden;
    }
}
