namespace QatKit.InferenceEngine.Cpu;

/// <summary>The columns of a part of a matrix, panel by panel.</summary>
/// <param name="layout">Of the matrix.</param>
/// <param name="range">The part.</param>
/// <param name="columns">Columns of the matrix.</param>
internal ref struct PanelParts(PanelLayout layout, WorkRange range, int columns)
{
    private readonly int _end = range.Columns(columns).End;
    private int _next = range.Columns(columns).Begin;

    /// <summary>Columns of one panel.</summary>
    public (int Begin, int End) Current { get; private set; }

    public readonly PanelParts GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_next >= _end) return false;
        Current = (_next, (int)Math.Min((_next / layout.Width + 1L) * layout.Width, _end));
        _next = Current.End;
        return true;
    }
}
