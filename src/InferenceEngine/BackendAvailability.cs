namespace QatKit.InferenceEngine;

/// <summary>Whether one backend tier can run here, and why (not).</summary>
/// <param name="Backend">Backend, for example <c>cpu</c>.</param>
/// <param name="Tier">Kernel tier, for example <c>Avx2</c>.</param>
/// <param name="IsAvailable">True when it can run here.</param>
/// <param name="Reason">What was found, or what is missing.</param>
public sealed record BackendAvailability(string Backend, string Tier, bool IsAvailable, string Reason);
