using Microsoft.ML.OnnxRuntime;
using QatKit.Core.Graph;

namespace QatKit.Comparison.Onnx;

/// <summary>Finds the opponents: of the candidates that ONNX Runtime takes and that give QatKit's answer, the fastest.</summary>
/// <remarks>Nothing is timed before its answer was checked, and no session is in the final whose own answer was not.</remarks>
/// <param name="batch">Sequences of equal length.</param>
/// <param name="pooled">QatKit's output of the pooler.</param>
/// <param name="logits">QatKit's logits.</param>
/// <param name="time">Milliseconds of a call, measured shortly.</param>
internal sealed class Qualifying(TokenBatch batch, float[] pooled, float[] logits, Func<Action, double> time)
{
    // Candidates within this factor of the fastest go on: a short measurement cannot tell them apart.
    private const double CloseFactor = 1.1;
    private const int MostInt8 = 2, MostFloat32 = 1;

    private readonly List<QualifyingForm> _forms = [];
    private readonly List<(OpponentCandidate Candidate, double Milliseconds)> _right = [];

    /// <summary>Every candidate so far, and the cut graphs that were out.</summary>
    public IReadOnlyList<QualifyingForm> Forms => _forms;

    /// <summary>Checks a candidate with every row of the last layer and, when it is right, times it shortly.</summary>
    public void Add(OpponentCandidate candidate)
    {
        using var session = Enter(candidate, firstOnly: false, out var cosine, out var note);
        if (session is null)
        {
            Out(candidate, firstOnly: false, cosine, note);
            return;
        }

        var milliseconds = time(session.Run);
        _forms.Add(new QualifyingForm(candidate.Name, candidate.Precision, candidate.Threads, FirstTokenOnly: false, cosine, milliseconds, ""));
        _right.Add((candidate, milliseconds));
    }

    /// <summary>Loads the fastest FP32 candidate and the INT8 candidates that may be the fastest, by their time with all rows. One whose cut
    /// graph is out gives its place to the next.</summary>
    /// <param name="firstOnly">With the last layer cut to first tokens.</param>
    /// <returns>Finalists, whose sessions the caller disposes of.</returns>
    public IEnumerable<Finalist> Finalists(bool firstOnly) =>
        Fastest(Contender.Float32, MostFloat32, firstOnly).Concat(Fastest(Contender.Int8, MostInt8, firstOnly));

    private IEnumerable<Finalist> Fastest(string precision, int most, bool firstOnly)
    {
        var slowest = double.PositiveInfinity;
        foreach (var (candidate, milliseconds) in _right.Where(r => r.Candidate.Precision == precision).OrderBy(r => r.Milliseconds))
        {
            if (most == 0 || milliseconds > slowest) yield break;
            if (Enter(candidate, firstOnly, out var cosine, out var note) is not { } session)
            {
                Out(candidate, firstOnly, cosine, note);
                continue;
            }

            most--;
            slowest = Math.Min(slowest, CloseFactor * milliseconds);
            yield return new Finalist(candidate, session, cosine);
        }
    }

    private void Out(OpponentCandidate candidate, bool firstOnly, double cosine, string note) =>
        _forms.Add(new QualifyingForm(candidate.Name, candidate.Precision, candidate.Threads, firstOnly, cosine, null, note));

    // A session whose answer is right, or null and the reason.
    private OpponentSession? Enter(OpponentCandidate candidate, bool firstOnly, out double cosine, out string note)
    {
        (cosine, note) = (0, "");
        OpponentSession? session = null;
        try
        {
            session = new OpponentSession(candidate.Build(firstOnly), batch, candidate.Threads);
            session.Run();
        }
        catch (OnnxRuntimeException e)
        {
            session?.Dispose();
            note = $"refused: {e.Message}";
            return null;
        }

        cosine = session.Output(OpponentGraph.Pooled) is { } theirs ? Cosine.Of(theirs, pooled) : Cosine.Of(session.Output(OpponentGraph.Logits), logits);
        if (cosine >= EngineComparison.LeastCosine) return session;
        session.Dispose();
        note = "out: wrong";
        return null;
    }
}
