namespace QatKit.Export.Onnx.Checking;

/// <summary>A node cannot take its inputs; the message says why.</summary>
internal sealed class ShapeException(string message) : Exception(message);
