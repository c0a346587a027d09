namespace QatKit.Core.Diagnostics;

/// <summary>One problem that a user can fix: a stable code, where it is, and what to do about it.</summary>
/// <param name="Code">Stable code, <c>QK1xxx</c> recipe, <c>QK2xxx</c> quantization, <c>QK3xxx</c> sparsity,
/// <c>QK4xxx</c> artifact and export, <c>QK5xxx</c> engine, <c>QK6xxx</c> CUDA; documented in docs/errors.md.</param>
/// <param name="Location">File, file(line,col), tensor or layer; empty when the problem has no place.</param>
/// <param name="Message">What is wrong, the value and the limit, then the remedy.</param>
public sealed record Diagnostic(string Code, string Location, string Message)
{
    /// <summary><c>CODE location: message</c>, the one form in which problems are shown.</summary>
    public override string ToString() =>
        Location.Length == 0 ? $"{Code}: {Message}" : $"{Code} {Location}: {Message}";
}
