namespace QatKit.Testing.Reports;

/// <summary>One requirement of a verification and whether it holds.</summary>
/// <param name="Name">What is required, for example <c>P1 equal bits</c>.</param>
/// <param name="Passed">Whether it holds.</param>
/// <param name="Detail">The value and the limit.</param>
public sealed record GateResult(string Name, bool Passed, string Detail);
