using QatKit.Comparison.Onnx;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.Testing.Statistics;

namespace QatKit.Comparison;

/// <summary>How near ONNX Runtime's answers for an exported model are to the engine's.</summary>
/// <param name="Setting">ONNX Runtime's settings.</param>
/// <param name="Examples">Sequences compared.</param>
/// <param name="Agreeing">Sequences with the same class, the largest logit.</param>
/// <param name="LargestDifference">Largest difference of a logit.</param>
/// <param name="MeanDifference">Mean difference of the logits.</param>
public sealed record OnnxAgreement(string Setting, int Examples, int Agreeing, double LargestDifference, double MeanDifference)
{
    private const int BatchSize = 32;

    /// <summary>Runs every sequence with the engine, and with ONNX Runtime under three settings in padded batches.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="onnxPath">The file exported from it.</param>
    /// <param name="sequences">Batches of one sequence.</param>
    /// <param name="cancellationToken">Checked between two batches.</param>
    public static IReadOnlyList<OnnxAgreement> Measure(QuantizedGraph graph, string onnxPath, IReadOnlyList<TokenBatch> sequences, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(sequences);
        using var session = InferenceSession.Create(graph);
        var batches = sequences.Chunk(BatchSize).Select(Concatenate).ToList();
        var expected = batches.ConvertAll(b => session.Run(b));
        var model = File.ReadAllBytes(onnxPath);
        return
        [
            Of("default", optimize: true, exact: false),
            Of("session.x64quantprecision = 1", optimize: true, exact: true),
            Of("no graph optimisations", optimize: false, exact: true),
        ];

        OnnxAgreement Of(string setting, bool optimize, bool exact)
        {
            using var runner = new OnnxRunner(model, optimize, exact);
            int agreeing = 0, classes = graph.Architecture.Classes;
            double largest = 0, sum = 0;
            for (var b = 0; b < batches.Count; b++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var actual = runner.Run(batches[b]);
                for (var i = 0; i < actual.Length; i++)
                {
                    var difference = Math.Abs((double)actual[i] - expected[b][i]);
                    largest = Math.Max(largest, difference);
                    sum += difference;
                }

                agreeing += Classes.Argmax(expected[b], classes).Zip(Classes.Argmax(actual, classes)).Count(pair => pair.First == pair.Second);
            }

            return new OnnxAgreement(setting, sequences.Count, agreeing, largest, sum / ((double)sequences.Count * classes));
        }
    }

    private static TokenBatch Concatenate(TokenBatch[] sequences) => TokenBatch.FromSequences([.. sequences.Select(s => s.InputIds.ToArray())], [.. sequences.Select(s => s.TokenTypeIds.ToArray())]);
}
