using QatKit.Quantization.Kernels;
using QatKit.Quantization.Surgery;
using static TorchSharp.torch;

namespace QatKit.Training.Bert;

/// <summary>The end of both halves of a layer: dense, dropout, residual, LayerNorm. [T, K] and the residual [T, H] to [T, H].</summary>
internal sealed class BertResidualOutput : nn.Module<Tensor, Tensor, Tensor>, IModuleHost
{
    private readonly ModuleSlot<nn.Module<Tensor, Tensor>> _dense;
    private readonly ModuleSlot<nn.Module<Tensor, Tensor>> _norm;
    private readonly nn.Module<Tensor, Tensor> _dropout;

    internal BertResidualOutput(BertConfig config, int inputs)
        : base(nameof(BertResidualOutput))
    {
        _dense = new(this, "dense", nn.Linear(inputs, config.HiddenSize));
        _norm = new(this, "LayerNorm", nn.LayerNorm(config.HiddenSize, config.LayerNormEpsilon));
        _dropout = nn.Dropout(config.HiddenDropout);
        register_module("dropout", _dropout);
    }

    public IReadOnlyList<IModuleSlot> Slots => [_dense, _norm];

    public override Tensor forward(Tensor x, Tensor residual) =>
        _norm.Module.forward(_dropout.forward(_dense.Module.forward(x)).Plus(residual));
}
