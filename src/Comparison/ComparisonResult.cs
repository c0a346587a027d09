using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.Comparison;

/// <summary>QatKit's engine beside ONNX Runtime on one model and one batch.</summary>
/// <param name="Machine">Where.</param>
/// <param name="OnnxRuntime">Version of ONNX Runtime.</param>
/// <param name="Model">Name of the model.</param>
/// <param name="Batch">Sequences per call.</param>
/// <param name="SequenceLength">Tokens of every sequence.</param>
/// <param name="Threads">Threads that a call may use.</param>
/// <param name="Engine">Description of QatKit's session.</param>
/// <param name="Peaks">What the processor can multiply, measured just before.</param>
/// <param name="Forms">Every form of the ONNX graph on every number of threads, checked and timed shortly to find the fastest.</param>
/// <param name="Final">The finalists, checked again, QatKit's engine and the processor without memory, measured in turn.</param>
/// <param name="Ratios">What follows from the final's medians.</param>
public sealed record ComparisonResult(
    MachineHeader Machine, string OnnxRuntime, string Model, int Batch, int SequenceLength, int Threads, string Engine,
    IReadOnlyList<PeakRate> Peaks, IReadOnlyList<QualifyingForm> Forms, IReadOnlyList<Contender> Final, IReadOnlyList<SpeedRatio> Ratios);
