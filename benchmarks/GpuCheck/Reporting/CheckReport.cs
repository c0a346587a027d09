using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using QatKit.GpuCheck.Comparing;
using QatKit.GpuCheck.Kernels;
using QatKit.GpuCheck.Plans;
using QatKit.GpuCheck.Soak;
using QatKit.GpuCheck.Timing;

namespace QatKit.GpuCheck.Reporting;

/// <summary>Everything that the stages of one or more runs left. Files are named after their stage, for example <c>soak-host.json</c>.</summary>
internal sealed record CheckReport
{
    /// <summary>Outcome of each stage.</summary>
    public required IReadOnlyList<StageOutcome> Stages { get; init; }

    /// <summary>The machine; null when that stage did not run.</summary>
    public DoctorReport? Doctor { get; init; }

    /// <summary>By stage.</summary>
    public required IReadOnlyDictionary<string, KernelReport> Kernels { get; init; }

    /// <summary>By stage.</summary>
    public required IReadOnlyDictionary<string, PlanReport> Plans { get; init; }

    /// <summary>By stage.</summary>
    public required IReadOnlyDictionary<string, SoakReport> Soaks { get; init; }

    /// <summary>By stage.</summary>
    public required IReadOnlyDictionary<string, TimingReport> Timings { get; init; }

    /// <summary>The processor's engine beside ONNX Runtime.</summary>
    public CpuComparisonReport? CpuComparison { get; init; }

    /// <summary>By stage.</summary>
    public required IReadOnlyDictionary<string, PeerReport> Peers { get; init; }

    /// <summary>The trial of TorchSharp on this machine's libtorch.</summary>
    public HostTorchReport? HostTorch { get; init; }

    /// <summary>Results that are no JSON of ours: file and reason.</summary>
    public IReadOnlyList<string> Unreadable { get; init; } = [];

    /// <summary>Reads the folders; where two have the same stage, the later one counts.</summary>
    public static CheckReport Read(IReadOnlyList<string> folders)
    {
        var unreadable = new List<string>();
        Dictionary<string, T> All<T>(string prefix, JsonTypeInfo<T> type)
        {
            var found = new Dictionary<string, T>();
            foreach (var file in folders.SelectMany(f => Directory.EnumerateFiles(f, prefix + "*.json").Order(StringComparer.Ordinal)))
            {
                try
                {
                    found[Path.GetFileNameWithoutExtension(file)] = JsonSerializer.Deserialize(File.ReadAllText(file), type)!;
                }
                catch (JsonException e)
                {
                    unreadable.Add($"{Path.GetFileName(file)}: {e.Message}"); // of a stage that was cut off, perhaps: the others count
                }
            }

            return found;
        }

        var stages = new Dictionary<string, StageOutcome>();
        foreach (var line in folders.Select(f => Path.Combine(f, "stages.tsv")).Where(File.Exists).SelectMany(File.ReadLines))
        {
            var outcome = StageOutcome.Parse(line);
            // What ran counts for more than a later run that left it out.
            if (!stages.TryGetValue(outcome.Stage, out var earlier) || outcome.Result != "skipped" || earlier.Result == "skipped") stages[outcome.Stage] = outcome;
        }

        var json = CheckJson.Default;
        return new CheckReport
        {
            Stages = [.. stages.Values],
            Doctor = All("doctor", json.DoctorReport).Values.LastOrDefault(),
            Kernels = All("kernels", json.KernelReport),
            Plans = All("plans", json.PlanReport),
            Soaks = All("soak", json.SoakReport),
            Timings = All("table", json.TimingReport),
            CpuComparison = All("cpu-comparison", json.CpuComparisonReport).Values.LastOrDefault(),
            Peers = All("peers", json.PeerReport),
            HostTorch = All("host-torch", json.HostTorchReport).Values.LastOrDefault(),
            Unreadable = unreadable,
        };
    }
}

/// <summary>How a stage ended.</summary>
/// <param name="Stage">Name.</param>
/// <param name="Result"><c>passed</c>, <c>failed</c>, <c>timed out</c> or <c>skipped</c>.</param>
/// <param name="Seconds">Wall time.</param>
/// <param name="Detail">The last line that it said.</param>
internal sealed record StageOutcome(string Stage, string Result, int Seconds, string Detail)
{
    /// <summary>Reads a line of stages.tsv.</summary>
    public static StageOutcome Parse(string line) =>
        line.Split('\t', 4) is [var stage, var result, var seconds, var detail]
            ? new(stage, result, int.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture), detail)
            : throw new FormatException($"'{line}' is not a line of stages.tsv: stage, result, seconds, detail.");
}
