using QatKit.Quantization.Surgery;
using static TorchSharp.torch;

namespace QatKit.Training.Bert;

/// <summary>A dense layer and its activation: the FFN's first half (GELU) and the pooler (tanh). [T, H] to [T, N].</summary>
internal sealed class BertActivatedLinear : nn.Module<Tensor, Tensor>, IModuleHost
{
    private readonly ModuleSlot<nn.Module<Tensor, Tensor>> _dense;
    private readonly ModuleSlot<nn.Module<Tensor, Tensor>> _activation;

    internal BertActivatedLinear(int inputs, int outputs, nn.Module<Tensor, Tensor> activation)
        : base(nameof(BertActivatedLinear))
    {
        _dense = new(this, "dense", nn.Linear(inputs, outputs));
        _activation = new(this, "activation", activation);
    }

    public IReadOnlyList<IModuleSlot> Slots => [_dense, _activation];

    public override Tensor forward(Tensor x) => _activation.Module.forward(_dense.Module.forward(x));
}
