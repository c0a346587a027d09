using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.Testing;
using QatKit.Testing.Reports;
using QatKit.Testing.Statistics;
using QatKit.Testing.Traces;

namespace QatKit.Training.Verification;

/// <summary>P3: the fake-quantized torch model against the engine, each layer alone and from the tokens on.</summary>
internal static class LayerParityRung
{
    private const int BatchSize = 16;

    /// <summary>Runs every sequence through both.</summary>
    /// <param name="runner">The torch side.</param>
    /// <param name="engine">The engine side; must record traces.</param>
    /// <param name="graph">The model.</param>
    /// <param name="sequences">Every example as a batch of one.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    /// <returns>The report, and the torch model's logits [n, C].</returns>
    public static (LayerParityReport Report, float[] FakeQuantLogits) Run(
        FakeQuantRunner runner, Implementation engine, QuantizedGraph graph, IReadOnlyList<TokenBatch> sequences, CancellationToken cancellationToken)
    {
        var order = new List<string>();
        Dictionary<string, CodeStatistics> local = [], accumulated = [];
        var logits = new List<float>();
        var classes = graph.Architecture.Classes;
        var (largest, agreements) = (0.0, 0);
        Divergence? first = null;
        foreach (var batch in Batches.Group(sequences, BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            RecordingTrace expected = new(), actual = new();
            var engineLogits = engine.Run(batch, expected);
            var torchLogits = runner.Run(batch, actual);
            var layers = runner.RunLayers(expected, batch);
            foreach (var tensor in expected.Tensors.Where(t => t.Kind != TensorKind.Float32))
            {
                if (!local.ContainsKey(tensor.Name))
                {
                    order.Add(tensor.Name);
                    (local[tensor.Name], accumulated[tensor.Name]) = (new CodeStatistics(), new CodeStatistics());
                }

                var whole = actual.FindCodes(tensor.Name) ?? throw new InvalidOperationException($"The torch model did not record '{tensor.Name}'.");
                var index = accumulated[tensor.Name].Add(tensor, whole.Codes);
                local[tensor.Name].Add(tensor, layers.GetValueOrDefault(tensor.Name) ?? whole.Codes);
                if (index >= 0) first ??= Explain(graph, batch, tensor, whole, index);
            }

            for (var i = 0; i < engineLogits.Length; i++) largest = Math.Max(largest, Math.Abs((double)engineLogits[i] - torchLogits[i]));
            agreements += Classes.Argmax(engineLogits, classes).Zip(Classes.Argmax(torchLogits, classes)).Count(p => p.First == p.Second);
            logits.AddRange(torchLogits);
        }

        var rows = order.Select(name => new LayerReport(
            name, LayerOf(name), local[name].Elements, local[name].Mismatches, local[name].SqnrDecibels,
            accumulated[name].Mismatches, accumulated[name].SqnrDecibels));
        return (new LayerParityReport(sequences.Count, [.. rows], largest, classes == 1 ? null : agreements, first), [.. logits]);
    }

    // The engine equals the reference (P1), and the reference tells what it rounded.
    private static Divergence Explain(QuantizedGraph graph, TokenBatch batch, RecordedTensor expected, RecordedTensor actual, int index)
    {
        var reference = new RecordingTrace();
        ReferenceExecutor.Run(graph, batch, reference);
        var count = expected.Codes.Zip(actual.Codes).Count(p => p.First != p.Second);
        return new Divergence(expected.Name, index / expected.Columns, index % expected.Columns,
            FormattableString.Invariant($"{expected.Codes[index]}"), FormattableString.Invariant($"{actual.Codes[index]}"),
            reference.FindCodes(expected.Name)?.Unrounded?[index], count, expected.Codes.Length);
    }

    private static string LayerOf(string tensor) =>
        ModuleNames.LayerOf(tensor) is { } layer ? ModuleNames.Layer(layer)
        : tensor.StartsWith("bert.embeddings", StringComparison.Ordinal) ? "bert.embeddings"
        : tensor;
}
