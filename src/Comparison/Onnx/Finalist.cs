namespace QatKit.Comparison.Onnx;

/// <summary>A candidate that is in the final, loaded and found right.</summary>
/// <param name="Candidate">Form and threads.</param>
/// <param name="Session">Ready to run.</param>
/// <param name="Cosine">Of its answer and QatKit's.</param>
internal sealed record Finalist(OpponentCandidate Candidate, OpponentSession Session, double Cosine);
