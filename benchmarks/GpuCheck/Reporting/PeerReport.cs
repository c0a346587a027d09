namespace QatKit.GpuCheck.Reporting;

/// <summary>What a script of benchmarks/peers measured.</summary>
/// <param name="Environment">Versions and device, for people.</param>
/// <param name="Results">What was measured.</param>
/// <param name="Failures">What was not, and why.</param>
internal sealed record PeerReport(IReadOnlyDictionary<string, string> Environment, IReadOnlyList<PeerResult> Results, IReadOnlyList<PeerFailure> Failures);

/// <summary>One measurement of a whole encoder, or the sum of its products.</summary>
/// <param name="Peer">What ran.</param>
/// <param name="Model">Shape.</param>
/// <param name="Batch">Sequences.</param>
/// <param name="Length">Tokens of a sequence.</param>
/// <param name="P50Ms">Median.</param>
/// <param name="P95Ms">95th percentile.</param>
/// <param name="P99Ms">99th percentile.</param>
/// <param name="Replays">Measured replays.</param>
/// <param name="Note">What the time has and has not in it.</param>
internal sealed record PeerResult(string Peer, string Model, int Batch, int Length, double P50Ms, double P95Ms, double P99Ms, int Replays, string Note);

/// <summary>Something that did not run.</summary>
internal sealed record PeerFailure(string Peer, string What, string Reason);
