using Microsoft.ML.OnnxRuntime;
using QatKit.Comparison.Measuring;
using QatKit.Comparison.Onnx;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Export.Onnx;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;
using InferenceSession = QatKit.InferenceEngine.InferenceSession;
using SessionOptions = QatKit.InferenceEngine.SessionOptions;

namespace QatKit.Comparison;

/// <summary>Measures QatKit's engine beside ONNX Runtime: finds the form of the graph that ONNX Runtime is fastest with, then times
/// the engines in turn, in one process, with the same threads, weights and tokens.</summary>
public sealed class EngineComparison
{
    /// <summary>Least cosine of a form's answer and QatKit's: a graph that computes something else would be no opponent.</summary>
    /// <remarks>Both quantize, each in its own way, so the answers are close but not equal; deep random models spread the difference.</remarks>
    public const double LeastCosine = 0.95;

    private const string Int8 = "INT8", Float32 = "FP32", Ours = "QatKit", Theirs = "ONNX Runtime", Nobody = "processor";

    // Forms within this factor of the fastest go on: a short measurement cannot tell them apart.
    private const double CloseFactor = 1.1;
    private const int QualifyingCalls = 7, MostInt8Finalists = 2;

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

        List<(Candidate Candidate, QualifyingForm Result)> qualified = [];
        foreach (var candidate in Candidates())
        {
            progress?.Report($"qualifying: {candidate.Precision}, {candidate.Name}");
            qualified.Add((candidate, Qualify(candidate, trace.Values, logits)));
        }

        progress?.Report("peak rates");
        IReadOnlyList<PeakRate> peaks = [.. PeakRate.Instructions.SelectMany(i => new[] { 1, _options.Threads }.Distinct().Select(t => PeakRate.Measure(i, t, PeakTime)))];

        progress?.Report($"final: {_options.Rounds} rounds");
        var final = Final(dense, sparse, trace, Finalists(qualified));
        return new ComparisonResult(
            MachineHeader.Of(time), OrtEnv.Instance().GetVersionString(), _options.Model, _options.Batch, _options.SequenceLength, _options.Threads,
            (sparse ?? dense).Description, peaks, [.. qualified.Select(q => q.Result)], final, Ratios(final));
    }

    // Every form of ours to write the model, and the file that QatKit exports, whose last layer cannot be cut.
    private IEnumerable<Candidate> Candidates()
    {
        var sevenBits = !ProcessorFeatures.HasVnni;
        var graph = _options.Graph;
        return
        [
            .. OpponentForm.All.Select(f => new Candidate(f.Name, f.IsInt8 ? Int8 : Float32,
                firstOnly => OpponentGraph.Build(graph, f, _options.Batch, _options.SequenceLength, firstOnly, sevenBits))),
            new Candidate("QDQ, as QatKit exports it", Int8, firstOnly => firstOnly ? null : OnnxExporter.Build(graph).ToBytes()),
        ];
    }

    private InferenceSession Session(WeightFormat format) =>
        InferenceSession.Create(_options.Graph, new SessionOptions { Backend = EngineBackend.Cpu, Threads = _options.Threads, WeightFormat = format });

    private OpponentSession? Load(Candidate candidate, bool firstOnly) =>
        candidate.Build(firstOnly) is { } model ? new OpponentSession(model, _batch, _options.Threads) : null;

    private QualifyingForm Qualify(Candidate candidate, float[] pooled, float[] logits)
    {
        OpponentSession session;
        try
        {
            session = Load(candidate, firstOnly: false)!;
        }
        catch (OnnxRuntimeException e)
        {
            return new QualifyingForm(candidate.Name, candidate.Precision, 0, null, $"refused: {e.Message}");
        }

        using (session)
        {
            session.Run();
            var cosine = session.Output(OpponentGraph.Pooled) is { } theirs ? Cosine(theirs, pooled) : Cosine(session.Output(OpponentGraph.Logits), logits);
            var timing = AlternatingTimer.Measure([session.Run], QualifyingCalls, _cancellation)[0];
            return new QualifyingForm(candidate.Name, candidate.Precision, cosine, timing.MedianMilliseconds, cosine < LeastCosine ? "out: wrong" : "");
        }
    }

    // The fastest FP32 form, and the INT8 forms that may be the fastest.
    private static IReadOnlyList<Candidate> Finalists(IEnumerable<(Candidate Candidate, QualifyingForm Result)> qualified)
    {
        var right = qualified.Where(q => q.Result is { Note.Length: 0, MedianMilliseconds: not null }).OrderBy(q => q.Result.MedianMilliseconds).ToList();
        var int8 = right.Where(q => q.Candidate.Precision == Int8).ToList();
        return
        [
            .. right.Where(q => q.Candidate.Precision == Float32).Take(1).Select(q => q.Candidate),
            .. int8.Where(q => q.Result.MedianMilliseconds <= CloseFactor * int8[0].Result.MedianMilliseconds).Take(MostInt8Finalists).Select(q => q.Candidate),
        ];
    }

    private List<Contender> Final(InferenceSession dense, InferenceSession? sparse, PooledTrace allRows, IReadOnlyList<Candidate> finalists)
    {
        List<(Func<Timing, Contender> Describe, Action Call)> contenders = [];
        List<OpponentSession> sessions = [];
        var instruction = PeakRate.InstructionOf(dense.Tier);
        // In turn with the others, because processors are not equally fast at all times.
        using var peak = instruction is null ? null
            : new PeakLoad(instruction, _options.Threads, ModelShape.Operations(_options.Graph.Architecture, _options.Batch, _options.SequenceLength));
        var peakMilliseconds = 0.0;
        void Add(string engine, string form, string precision, bool firstOnly, bool isSparse, Action call) => contenders.Add((
            t => new Contender(engine, form, precision, firstOnly, t,
                firstOnly || isSparse || precision == Float32 || peak is null ? null : peakMilliseconds / t.MedianMilliseconds),
            call));
        try
        {
            foreach (var firstOnly in new[] { true, false })
            {
                var trace = firstOnly ? null : allRows;
                Add(Ours, "dense", Int8, firstOnly, false, () => dense.Run(_batch, trace));
                if (sparse is not null) Add(Ours, "2:4", Int8, firstOnly, true, () => sparse.Run(_batch, trace));
                foreach (var candidate in finalists)
                {
                    if (Load(candidate, firstOnly) is not { } session) continue;
                    sessions.Add(session);
                    Add(Theirs, candidate.Name, candidate.Precision, firstOnly, false, session.Run);
                }
            }

            if (peak is not null) Add(Nobody, $"{instruction}, no memory", Int8, false, false, peak.Run);
            var timings = AlternatingTimer.Measure([.. contenders.Select(c => c.Call)], _options.Rounds, _cancellation);
            if (peak is not null) peakMilliseconds = timings[^1].MedianMilliseconds;
            return [.. contenders.Zip(timings, (c, t) => c.Describe(t))];
        }
        finally
        {
            foreach (var session in sessions) session.Dispose();
        }
    }

    private static List<SpeedRatio> Ratios(List<Contender> final)
    {
        const string Both = "first token, both", All = "all, both", AsShipped = "first token : all";
        List<SpeedRatio> ratios = [];
        double? Best(string engine, string precision, bool firstOnly, string? form = null) => final
            .Where(c => c.Engine == engine && c.Precision == precision && c.FirstTokenOnly == firstOnly && (form is null || c.Form == form))
            .Min(c => (double?)c.Timing.MedianMilliseconds);
        void Add(string faster, string slower, string rows, double? fast, double? slow)
        {
            if (fast is { } f && slow is { } s) ratios.Add(new SpeedRatio(faster, slower, rows, s / f));
        }

        foreach (var form in new[] { "dense", "2:4" })
        {
            foreach (var precision in new[] { Int8, Float32 })
            {
                Add($"{Ours} {form}", $"{Theirs} {precision}", All, Best(Ours, Int8, false, form), Best(Theirs, precision, false));
                Add($"{Ours} {form}", $"{Theirs} {precision}", Both, Best(Ours, Int8, true, form), Best(Theirs, precision, true));
                Add($"{Ours} {form}", $"{Theirs} {precision}", AsShipped, Best(Ours, Int8, true, form), Best(Theirs, precision, false));
            }
        }

        Add($"{Ours} 2:4", $"{Ours} dense", All, Best(Ours, Int8, false, "2:4"), Best(Ours, Int8, false, "dense"));
        Add($"{Ours} 2:4", $"{Ours} dense", Both, Best(Ours, Int8, true, "2:4"), Best(Ours, Int8, true, "dense"));
        return ratios;
    }

    /// <summary>Cosine of the angle between two vectors.</summary>
    internal static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double ab = 0, aa = 0, bb = 0;
        for (var i = 0; i < a.Length; i++)
        {
            ab += (double)a[i] * b[i];
            aa += (double)a[i] * a[i];
            bb += (double)b[i] * b[i];
        }

        return ab / Math.Sqrt(aa * bb);
    }

    /// <summary>A way to write the model for ONNX Runtime; null where the last layer cannot be cut to first tokens.</summary>
    private sealed record Candidate(string Name, string Precision, Func<bool, byte[]?> Build);
}
