using QatKit.Core.Graph;
using QatKit.Export.Onnx;
using QatKit.InferenceEngine;

namespace QatKit.Comparison.Onnx;

/// <summary>One way to run the model with ONNX Runtime.</summary>
/// <param name="Name">Form of the graph.</param>
/// <param name="Precision"><c>INT8</c> or <c>FP32</c>.</param>
/// <param name="Threads">Threads of a call.</param>
/// <param name="Build">The bytes of the ONNX file; true cuts the last layer to first tokens.</param>
internal sealed record OpponentCandidate(string Name, string Precision, int Threads, Func<bool, byte[]> Build)
{
    /// <summary>Name of the file that <c>qatkit export --onnx</c> writes.</summary>
    public const string Exported = "QDQ, as QatKit exports it";

    /// <summary>Every form of ours to write the model, and the one that QatKit exports, each on every number of threads.</summary>
    public static IEnumerable<OpponentCandidate> All(QuantizedGraph graph, int batch, int sequence, IReadOnlyList<int> threads)
    {
        var sevenBits = !ProcessorFeatures.HasVnni;
        foreach (var count in threads)
        {
            foreach (var form in OpponentForm.All)
                yield return new(form.Name, form.IsInt8 ? Contender.Int8 : Contender.Float32, count, firstOnly => OpponentGraph.Build(graph, form, batch, sequence, firstOnly, sevenBits));
            yield return new(Exported, Contender.Int8, count, firstOnly => OnnxExporter.Build(graph, firstOnly).ToBytes());
        }
    }

    /// <summary>Threads to try: all, and where QatKit keeps fewer busy as many as it, and one, so that ONNX Runtime is not held to more than serve it.</summary>
    /// <param name="ours">Threads that QatKit keeps busy.</param>
    /// <param name="most">Threads that a call may use.</param>
    public static IReadOnlyList<int> ThreadCounts(int ours, int most) => ours < most ? [.. new[] { 1, ours, most }.Distinct()] : [most];

    /// <summary>The form and its threads, for people.</summary>
    public override string ToString() => FormattableString.Invariant($"{Precision}, {Name}, {Threads} {(Threads == 1 ? "thread" : "threads")}");
}
