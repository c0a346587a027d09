using QatKit.Comparison.Measuring;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.Comparison;

/// <summary>One line of the final.</summary>
/// <param name="Engine"><c>QatKit</c>, <c>ONNX Runtime</c>, or <c>processor</c>: as many multiplications and additions as the model has, without memory
/// (<see cref="PeakLoad"/>).</param>
/// <param name="Form">Kernels, form of the graph, or instruction.</param>
/// <param name="Precision"><c>INT8</c> or <c>FP32</c>.</param>
/// <param name="Threads">Of QatKit and the processor those that a call keeps busy (<see cref="InferenceSession.ThreadsFor"/>), of ONNX Runtime those
/// that it was given.</param>
/// <param name="FirstTokenOnly">Whether the last layer computes the rows of first tokens only after its attention.</param>
/// <param name="Cosine">Cosine of the answer and QatKit's, taken just before; null for those that are not ONNX Runtime.</param>
/// <param name="Timing">Latencies.</param>
/// <param name="PeakShare">The median's rate as a share of the processor's without memory, with QatKit's instruction, on at most as many threads, measured
/// in turn; null where rows or weights are skipped, for FP32, on the scalar tier, and where the load is so small that other threads do not get
/// it in time (<see cref="PeakBound"/>).</param>
public sealed record Contender(
    string Engine, string Form, string Precision, int Threads, bool FirstTokenOnly, double? Cosine, Timing Timing, double? PeakShare)
{
    internal const string Ours = "QatKit", Theirs = "ONNX Runtime", Nobody = "processor";

    internal const string Dense = "dense", Sparse24 = "2:4", Int8 = "INT8", Float32 = "FP32";
}
