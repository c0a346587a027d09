namespace QatKit.Comparison;

/// <summary>A form of the ONNX graph in the qualifying.</summary>
/// <param name="Name">Operators and weights.</param>
/// <param name="Precision"><c>INT8</c> or <c>FP32</c>.</param>
/// <param name="Threads">Threads that ONNX Runtime was given.</param>
/// <param name="FirstTokenOnly">False for the graph that computes every row of the last layer; true for one cut to first tokens, which is listed when it is out.</param>
/// <param name="Cosine">Cosine of its answer and QatKit's; a form below <see cref="EngineComparison.LeastCosine"/> is wrong and out.</param>
/// <param name="MedianMilliseconds">Median of a few calls; null for a form that is out.</param>
/// <param name="Note">Why it is out, when it is.</param>
public sealed record QualifyingForm(
    string Name, string Precision, int Threads, bool FirstTokenOnly, double Cosine, double? MedianMilliseconds, string Note);
