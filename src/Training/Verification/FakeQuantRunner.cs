using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.Quantization;
using QatKit.Quantization.Layout;
using QatKit.Quantization.Surgery;
using QatKit.Testing.Traces;
using QatKit.Training.Bert;
using static TorchSharp.torch;

namespace QatKit.Training.Verification;

/// <summary>Runs the fake-quantized torch model in evaluation mode, as a whole or layer by layer, with traces.</summary>
/// <param name="model">The model; its mode and phase are changed for the time of a call only.</param>
/// <param name="prepared">Its quantizers, calibrated.</param>
/// <param name="graph">What was frozen from it: says which quantizer follows a LayerNorm.</param>
internal sealed class FakeQuantRunner(BertForSequenceClassification model, PreparedModel prepared, QuantizedGraph graph)
{
    /// <summary>From the tokens on.</summary>
    public float[] Run(TokenBatch batch, IActivationTrace? trace) => Traced(trace, () => model.Run(batch).cpu().data<float>().ToArray());

    /// <summary>Every layer alone, fed what the engine handed to it.</summary>
    /// <param name="engine">Trace of the engine on the same batch.</param>
    /// <param name="batch">The batch.</param>
    /// <returns>Codes by tensor name. The embeddings are missing: they start from the tokens anyway.</returns>
    public Dictionary<string, short[]> RunLayers(RecordingTrace engine, TokenBatch batch)
    {
        var layout = TokenLayout.FromLengths([.. Enumerable.Range(0, batch.Count).Select(batch.LengthOf)]);
        var codes = new Dictionary<string, short[]>();
        var input = ModuleNames.EmbeddingLayerNorm;
        for (var i = 0; i < graph.Layers.Count; i++)
        {
            var trace = new RecordingTrace();
            var (layer, from) = (i, input);
            Traced(trace, () =>
            {
                model.RunLayer(layer, Input(engine, from), layout);
                return 0;
            });
            input = ModuleNames.OutputLayerNorm(i);
            foreach (var tensor in trace.Tensors.Where(t => t.Kind != TensorKind.Float32 && t.Name != from)) codes[tensor.Name] = tensor.Codes;
            var reader = i + 1 < graph.Layers.Count ? graph.Layers[i + 1].Query : graph.Pooler;
            codes[input] = Quantize(trace.Find(input, TensorKind.Float32)!.Values, reader, i + 1 < graph.Layers.Count ? null : layout);
        }

        var head = new RecordingTrace();
        Traced(head, () =>
        {
            model.RunHead(Input(engine, input), layout);
            return 0;
        });
        codes[ModuleNames.Pooler] = head.FindCodes(ModuleNames.Pooler)!.Codes;
        return codes;
    }

    private static Tensor Input(RecordingTrace engine, string name)
    {
        var recorded = engine.Find(name, TensorKind.Float32)
            ?? throw new InvalidOperationException($"The engine did not record '{name}'.");
        return tensor(recorded.Values, [recorded.Rows, recorded.Columns]);
    }

    // What the next reader makes of a LayerNorm's output; the pooler reads the first token of each sequence.
    private static short[] Quantize(float[] values, QuantizedLinear reader, TokenLayout? firstTokensOf)
    {
        if (firstTokensOf is not null)
            values = [.. firstTokensOf.Offsets.SkipLast(1).SelectMany(o => values[(o * reader.In)..((o + 1) * reader.In)])];
        return reader.Width == CodeWidth.Int8
            ? Array.ConvertAll(values, v => (short)AffineQuantizer.Quantize(v, reader.Input.InverseScale))
            : Array.ConvertAll(values, v => AffineQuantizer.QuantizeInt16(v, reader.Input.InverseScale));
    }

    private T Traced<T>(IActivationTrace? trace, Func<T> run)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (training, phase, before) = (model.training, prepared.Phase, prepared.Trace);
        try
        {
            model.eval();
            prepared.SetPhase(QuantizationPhase.FakeQuant);
            prepared.Trace = trace;
            return run();
        }
        finally
        {
            prepared.Trace = before;
            prepared.SetPhase(phase == QuantizationPhase.Calibrate ? QuantizationPhase.Off : phase);
            model.train(training);
        }
    }
}
