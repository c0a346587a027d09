using QatKit.Quantization.Functions;
using static TorchSharp.torch;

namespace QatKit.Quantization.Modules;

/// <summary>GELU or tanh: the float module, or in fake-quantized arithmetic the numerics contract's own function.</summary>
internal sealed class ContractActivation : nn.Module<Tensor, Tensor>
{
    private readonly QuantizationControl _control;
    private readonly nn.Module<Tensor, Tensor> _source;

    internal ContractActivation(nn.Module<Tensor, Tensor> source, QuantizationControl control)
        : base(nameof(ContractActivation))
    {
        _source = source;
        _control = control;
    }

    public override Tensor forward(Tensor input)
    {
        if (_control.Phase != QuantizationPhase.FakeQuant) return _source.forward(input);
        return _source is TorchSharp.Modules.GELU ? GeluFunction.Apply(input) : TanhFunction.Apply(input);
    }

    public override string ToString() => $"ContractActivation({_source.GetType().Name})";
}
