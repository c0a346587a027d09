namespace QatKit.Core.Diagnostics;

/// <summary>Bad input that a user can fix. The message lists every problem, one per line.</summary>
/// <remarks>Programming errors (null, out of range arguments) are <see cref="ArgumentException"/>s instead.</remarks>
public sealed class QatKitException : Exception
{
    /// <summary>Creates the exception from the problems found.</summary>
    /// <param name="diagnostics">At least one problem.</param>
    /// <param name="innerException">The cause, where another exception led here.</param>
    public QatKitException(IReadOnlyList<Diagnostic> diagnostics, Exception? innerException = null)
        : base(Format(diagnostics), innerException) => Diagnostics = diagnostics;

    /// <summary>Creates the exception for a single problem.</summary>
    public QatKitException(string code, string location, string message, Exception? innerException = null)
        : this([new Diagnostic(code, location, message)], innerException) { }

    /// <summary>The problems, in the order in which they were found.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; }

    private static string Format(IReadOnlyList<Diagnostic> diagnostics)
    {
        ArgumentNullException.ThrowIfNull(diagnostics);
        if (diagnostics.Count == 0) throw new ArgumentException("At least one diagnostic is needed.", nameof(diagnostics));
        return diagnostics.Count == 1
            ? diagnostics[0].ToString()
            : $"{diagnostics.Count} problems:{Environment.NewLine}" + string.Join(Environment.NewLine, diagnostics);
    }
}
