using System.Diagnostics.CodeAnalysis;

namespace QatKit.Core.Diagnostics;

/// <summary>Collects problems so that all of them are reported at once.</summary>
public sealed class DiagnosticBag
{
    private readonly List<Diagnostic> _items = [];

    /// <summary>The problems found so far, in the order in which they were found.</summary>
    public IReadOnlyList<Diagnostic> Items => _items;

    /// <summary>True when nothing was found.</summary>
    public bool IsEmpty => _items.Count == 0;

    /// <summary>Adds a problem.</summary>
    public void Add(string code, string location, string message) => _items.Add(new Diagnostic(code, location, message));

    /// <summary>Adds a problem.</summary>
    public void Add(Diagnostic diagnostic) => _items.Add(diagnostic);

    /// <summary>Adds what another bag holds.</summary>
    internal void Add(DiagnosticBag other) => _items.AddRange(other._items);

    /// <summary>Throws one exception with every problem, when there is any.</summary>
    /// <exception cref="QatKitException">At least one problem was added.</exception>
    public void ThrowIfAny()
    {
        if (_items.Count > 0) Throw();
    }

    [DoesNotReturn]
    private void Throw() => throw new QatKitException([.. _items]);
}
