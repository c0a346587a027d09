using QatKit.Quantization.Functions;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace QatKit.Quantization.Modules;

/// <summary>An embedding whose rows are quantized to int8 with a scale each: ids [T] to [T, H] in float.</summary>
public sealed class FakeQuantEmbedding : nn.Module<Tensor, Tensor>
{
    private readonly QuantizationControl _control;
    private readonly Func<Tensor, Tensor> _lookup; // a field of the module itself would be registered as a child

    internal FakeQuantEmbedding(string path, Embedding source, QuantizationControl control)
        : base(nameof(FakeQuantEmbedding))
    {
        Path = path;
        _control = control;
        _lookup = source.forward;
        register_parameter("weight", source.weight ?? throw new ArgumentException($"'{path}' has no weight.", nameof(source)));
    }

    /// <summary>Module path.</summary>
    public string Path { get; }

    /// <summary>Weight [rows, H].</summary>
    public Parameter Weight => get_parameter("weight")!;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        var rows = _lookup(input);
        return _control.Phase == QuantizationPhase.FakeQuant ? RowQuantizeFunction.Apply(rows) : rows;
    }

    /// <summary>Path and shape.</summary>
    public override string ToString() => $"FakeQuantEmbedding({Path}, [{Weight.shape[0]}, {Weight.shape[1]}], int8 per row)";
}
