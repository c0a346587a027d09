using QatKit.Comparison.Measuring;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.Comparison;

/// <summary>QatKit's engine beside ONNX Runtime on one model and one batch.</summary>
/// <param name="Machine">Where.</param>
/// <param name="OnnxRuntime">Version of ONNX Runtime.</param>
/// <param name="Model">Name of the model.</param>
/// <param name="Batch">Sequences per call.</param>
/// <param name="SequenceLength">Tokens of every sequence.</param>
/// <param name="Threads">Threads of one call.</param>
/// <param name="Engine">Description of QatKit's session.</param>
/// <param name="Peaks">What the processor can multiply, measured just before.</param>
/// <param name="Forms">Every form of the ONNX graph, checked and timed shortly to find the fastest.</param>
/// <param name="Final">The finalists, QatKit's engine and the processor without memory, measured in turn.</param>
/// <param name="Ratios">What follows from the final's medians.</param>
public sealed record ComparisonResult(
    MachineHeader Machine, string OnnxRuntime, string Model, int Batch, int SequenceLength, int Threads, string Engine,
    IReadOnlyList<PeakRate> Peaks, IReadOnlyList<QualifyingForm> Forms, IReadOnlyList<Contender> Final, IReadOnlyList<SpeedRatio> Ratios);

/// <summary>One form of the ONNX graph in the qualifying.</summary>
/// <param name="Name">Operators and weights.</param>
/// <param name="Precision"><c>INT8</c> or <c>FP32</c>.</param>
/// <param name="Cosine">Cosine of its answer and QatKit's; a form below <see cref="EngineComparison.LeastCosine"/> is wrong and out.</param>
/// <param name="MedianMilliseconds">Median of a few calls; null for a form that ONNX Runtime refused.</param>
/// <param name="Note">Why it is out, when it is.</param>
public sealed record QualifyingForm(string Name, string Precision, double Cosine, double? MedianMilliseconds, string Note);

/// <summary>One line of the final.</summary>
/// <param name="Engine"><c>QatKit</c>, <c>ONNX Runtime</c>, or <c>processor</c>: as many multiplications and additions as the model has, without memory
/// (<see cref="PeakLoad"/>).</param>
/// <param name="Form">Kernels, form of the graph, or instruction.</param>
/// <param name="Precision"><c>INT8</c> or <c>FP32</c>.</param>
/// <param name="FirstTokenOnly">Whether the last layer computes the rows of first tokens only after its attention.</param>
/// <param name="Timing">Latencies.</param>
/// <param name="PeakShare">Median time of the processor without memory, with QatKit's instruction and as many threads, as a share of this one; null where rows or
/// weights are skipped, for FP32, and on the scalar tier.</param>
public sealed record Contender(string Engine, string Form, string Precision, bool FirstTokenOnly, Timing Timing, double? PeakShare);

/// <summary>How many times faster one contender is than another.</summary>
/// <param name="Faster">Numerator's name: the one that is hoped to be faster.</param>
/// <param name="Slower">The other.</param>
/// <param name="Rows">Which rows each side computes in the last layer.</param>
/// <param name="Ratio">Median of <paramref name="Slower"/> / median of <paramref name="Faster"/>.</param>
public sealed record SpeedRatio(string Faster, string Slower, string Rows, double Ratio);
