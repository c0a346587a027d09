using QatKit.Core.Graph;
using QatKit.Quantization.Functions;
using QatKit.Quantization.Kernels;
using QatKit.Quantization.Layout;
using static TorchSharp.torch;

namespace QatKit.Quantization.Modules;

/// <summary>Self-attention over codes: [T, H] to the context [T, H].</summary>
/// <remarks>The three projections share one input quantizer, which runs once; their outputs are int8.</remarks>
public sealed class FakeQuantSelfAttention : nn.Module<Tensor, TokenLayout, Tensor>
{
    private readonly QuantizationControl _control;
    private readonly int _heads;
    private readonly double _dropout;

    internal FakeQuantSelfAttention(
        string path, IReadOnlyList<FakeQuantLinear> projections, IReadOnlyList<FakeQuantizer> outputs, int heads, double dropout, QuantizationControl control)
        : base(nameof(FakeQuantSelfAttention))
    {
        Path = path;
        (Query, Key, Value) = (projections[0], projections[1], projections[2]);
        (QueryOutput, KeyOutput, ValueOutput) = (outputs[0], outputs[1], outputs[2]);
        _heads = heads;
        _dropout = dropout;
        _control = control;
        register_module("query", Query);
        register_module("key", Key);
        register_module("value", Value);
    }

    /// <summary>Module path.</summary>
    public string Path { get; }

    /// <summary>Query projection.</summary>
    public FakeQuantLinear Query { get; }

    /// <summary>Key projection.</summary>
    public FakeQuantLinear Key { get; }

    /// <summary>Value projection.</summary>
    public FakeQuantLinear Value { get; }

    /// <summary>Quantizer of the queries.</summary>
    public FakeQuantizer QueryOutput { get; }

    /// <summary>Quantizer of the keys.</summary>
    public FakeQuantizer KeyOutput { get; }

    /// <summary>Quantizer of the values.</summary>
    public FakeQuantizer ValueOutput { get; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor hidden, TokenLayout layout)
    {
        if (_control.Phase != QuantizationPhase.FakeQuant) return Float(hidden, layout);

        // One quantizer, and one range to follow; a second pass only where the plan mixes widths among the three.
        FakeQuantLinear[] projections = [Query, Key, Value];
        var byWidth = projections.Select(p => p.Width).Distinct().ToDictionary(w => w, w => Query.Input.Quantize(hidden, w));
        Query.Input.Range.Follow(hidden, byWidth[Query.Width].AbsMax, training);
        var projected = Array.ConvertAll(projections, p => p.FromCodes(byWidth[p.Width].Codes, byWidth[p.Width].Parameters));

        FakeQuantizer[] outputs = [QueryOutput, KeyOutput, ValueOutput];
        var call = new AttentionFunction.Call
        {
            Layout = layout,
            Heads = _heads,
            Dropout = training ? _dropout : 0,
            Parameters = Array.ConvertAll(outputs, o => o.Parameters(CodeWidth.Int8)),
            Amax = Array.ConvertAll(outputs, o => o.Range.Amax),
            Captured = _control.Trace is { } trace ? codes => Record(trace, codes, layout) : null,
        };
        var context = AttentionFunction.Apply(projected[0], projected[1], projected[2], call);
        for (var i = 0; i < 3; i++) outputs[i].Range.Follow(projected[i], call.SeenAmax[i], training);
        return context;
    }

    /// <summary>Path and the ranges of queries, keys and values.</summary>
    public override string ToString() => $"FakeQuantSelfAttention({Path}, {_heads} heads, {QueryOutput.Range}, {KeyOutput.Range}, {ValueOutput.Range})";

    private Tensor Float(Tensor hidden, TokenLayout layout)
    {
        Tensor q = Query.Float(hidden), k = Key.Float(hidden), v = Value.Float(hidden);
        if (_control.Phase == QuantizationPhase.Calibrate)
        {
            Query.Input.Range.Collect(hidden, training);
            QueryOutput.Range.Collect(q, training);
            KeyOutput.Range.Collect(k, training);
            ValueOutput.Range.Collect(v, training);
        }

        return FloatAttention.Apply(q, k, v, layout, _heads, training ? _dropout : 0);
    }

    private void Record(IActivationTrace trace, Tensor[] codes, TokenLayout layout)
    {
        FakeQuantLinear[] projections = [Query, Key, Value];
        for (var i = 0; i < 3; i++)
        {
            using var merged = KernelSet.For(codes[i]).MergeHeads(codes[i], 1, layout, _heads);
            trace.Codes(projections[i].Path, merged, CodeWidth.Int8);
        }
    }
}
