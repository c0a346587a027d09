using Microsoft.ML.OnnxRuntime;
using QatKit.Comparison.Measuring;
using QatKit.Comparison.Onnx;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;
using InferenceSession = QatKit.InferenceEngine.InferenceSession;
using SessionOptions = QatKit.InferenceEngine.SessionOptions;

namespace QatKit.Comparison;

/// <summary>Measures QatKit's engine beside ONNX Runtime: finds the form of the graph and the threads that ONNX Runtime is fastest with, then times
/// the engines in turn, in one process, with the same weights and tokens.</summary>
public sealed class EngineComparison
{
    /// <summary>Least cosine of a form's answer and QatKit's: a graph that computes something else would be no opponent.</summary>
    /// <remarks>Both quantize, each in its own way, so the answers are close but not equal; deep random models spread the difference.</remarks>
    public const double LeastCosine = 0.95;

    private const int QualifyingCalls = 7;

    private static readonly TimeSpan PeakTime = TimeSpan.FromMilliseconds(200);

    private readonly ComparisonOptions _options;
    private readonly TokenBatch _batch;
    private readonly CancellationToken _cancellation;

    private EngineComparison(ComparisonOptions options, CancellationToken cancellationToken)
    {
        _options = options;
        _batch = SyntheticGraph.CreateBatch(options.Graph.Architecture, [.. Enumerable.Repeat(options.SequenceLength, options.Batch)], options.Seed);
        _cancellation = cancellationToken;
    }

    /// <summary>Runs the comparison.</summary>
    /// <param name="options">What to compare.</param>
    /// <param name="progress">Receives a line per step.</param>
    /// <param name="time">Gives the date of the result.</param>
    /// <param name="cancellationToken">Cancels between two calls.</param>
    /// <exception cref="QatKitException">QK5054 a count below 1, QK5002 sequences longer than the model's limit, QK5051 too many threads,
    /// QK4301 the model is larger than an ONNX file can be.</exception>
    public static ComparisonResult Run(ComparisonOptions options, IProgress<string>? progress = null, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Check(options);
        return new EngineComparison(options, cancellationToken).Run(progress, time ?? TimeProvider.System);
    }

    private static void Check(ComparisonOptions options)
    {
        var problems = new DiagnosticBag();
        foreach (var (name, value) in new[] { ("batch", options.Batch), ("sequence length", options.SequenceLength), ("threads", options.Threads), ("iterations", options.Rounds) })
            if (value < 1) problems.Add("QK5054", name, $"{value} is too small; at least 1 is needed.");
        problems.ThrowIfAny();
    }

    private ComparisonResult Run(IProgress<string>? progress, TimeProvider time)
    {
        using var dense = Session(WeightFormat.Dense);
        using var sparse = _options.Graph.Linears.Any(l => l.Mask is not null) ? Session(WeightFormat.Sparse24) : null;
        var trace = new PooledTrace(_options.Graph.Classifier.Input);
        var logits = dense.Run(_batch, trace);

        var qualifying = new Qualifying(_batch, trace.Values, logits, call => AlternatingTimer.Measure([call], QualifyingCalls, _cancellation)[0].MedianMilliseconds);
        foreach (var candidate in OpponentCandidate.All(_options.Graph, _options.Batch, _options.SequenceLength, OpponentCandidate.ThreadCounts(dense.ThreadsFor(_batch), _options.Threads)))
        {
            progress?.Report($"qualifying: {candidate}");
            qualifying.Add(candidate);
        }

        progress?.Report("peak rates");
        IReadOnlyList<PeakRate> peaks = [.. PeakRate.Instructions.SelectMany(i => new[] { 1, _options.Threads }.Distinct().Select(t => PeakRate.Measure(i, t, PeakTime)))];

        progress?.Report($"final: {_options.Rounds} rounds");
        var final = Final(dense, sparse, trace, qualifying);
        return new ComparisonResult(
            MachineHeader.Of(time), OrtEnv.Instance().GetVersionString(), _options.Model, _options.Batch, _options.SequenceLength, _options.Threads,
            (sparse ?? dense).Description, peaks, qualifying.Forms, final, SpeedRatios.Of(final));
    }

    private InferenceSession Session(WeightFormat format) =>
        InferenceSession.Create(_options.Graph, new SessionOptions { Backend = EngineBackend.Cpu, Threads = _options.Threads, WeightFormat = format });

    private List<Contender> Final(InferenceSession dense, InferenceSession? sparse, PooledTrace allRows, Qualifying qualifying)
    {
        List<Finalist> finalists = [];
        try
        {
            List<Entrant> entrants = [];
            foreach (var firstOnly in new[] { true, false })
            {
                var trace = firstOnly ? null : allRows;
                void AddOurs(string form, InferenceSession session) =>
                    entrants.Add(new(Contender.Ours, form, Contender.Int8, session.ThreadsFor(_batch), firstOnly, null, () => session.Run(_batch, trace)));
                AddOurs(Contender.Dense, dense);
                if (sparse is not null) AddOurs(Contender.Sparse24, sparse);
                foreach (var finalist in qualifying.Finalists(firstOnly))
                {
                    finalists.Add(finalist);
                    var candidate = finalist.Candidate;
                    entrants.Add(new(Contender.Theirs, candidate.Name, candidate.Precision, candidate.Threads, firstOnly, finalist.Cosine, finalist.Session.Run));
                }
            }

            return Measure(entrants, PeakRate.InstructionOf(dense.Tier));
        }
        finally
        {
            foreach (var finalist in finalists) finalist.Session.Dispose();
        }
    }

    private List<Contender> Measure(List<Entrant> entrants, string? instruction)
    {
        var operations = ModelShape.Operations(_options.Graph.Architecture, _options.Batch, _options.SequenceLength);
        using var peaks = new PeakContenders(instruction, operations, entrants.Where(e => e.IsWhole).Select(e => e.Threads));
        entrants.AddRange(peaks.Loads.Select(l => new Entrant(Contender.Nobody, $"{instruction}, no memory", Contender.Int8, l.Threads, false, null, l.Run)));
        var timings = AlternatingTimer.Measure([.. entrants.Select(e => e.Call)], _options.Rounds, _cancellation);
        var bound = peaks.Bound(timings.TakeLast(peaks.Loads.Count));
        return [.. entrants.Zip(timings, (e, t) => new Contender(
            e.Engine, e.Form, e.Precision, e.Threads, e.FirstOnly, e.Cosine, t, e.IsWhole ? bound.Share(e.Threads, operations / t.MedianMilliseconds / 1e6) : null))];
    }

    /// <summary>What takes its turn in the final.</summary>
    private sealed record Entrant(string Engine, string Form, string Precision, int Threads, bool FirstOnly, double? Cosine, Action Call)
    {
        /// <summary>Whether it multiplies codes as often as the model has weights for every token: only then a share of the peak has a meaning.</summary>
        public bool IsWhole => !FirstOnly && Form != Contender.Sparse24 && Precision == Contender.Int8;
    }
}
