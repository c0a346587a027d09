using System.Diagnostics;
using System.Globalization;
using QatKit.Comparison.Measuring;
using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.Export;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.Benchmarks.Tables;

/// <summary>Memory, load time, allocation and the price of ragged batches, each model in processes of its own.</summary>
internal static class Footprint
{
    private const int Rounds = 9, Children = 5, VocabSize = 30522;

    // 512 tokens each: ragged, and the same number in equal sequences.
    private static readonly int[] Ragged = [16, 128, 64, 32, 100, 7, 90, 75], Equal = [64, 64, 64, 64, 64, 64, 64, 64], Padded = [128, 128, 128, 128, 128, 128, 128, 128];

    /// <summary>Writes models of a shape, dense and 2:4, and measures each in child processes, of whose figures the medians count.</summary>
    public static void Run(TextWriter output, string shape, int threads)
    {
        output.WriteLine($"{MachineHeader.Of(TimeProvider.System)}. {shape}, vocabulary of {VocabSize}, int8 embeddings, {threads} threads. Load, memory and allocation: medians of {Children} processes.\n");
        output.WriteLine("| weights | model on disk | load | peak resident memory | resident memory after calls | allocated per call | ragged : equal lengths, same tokens | ragged : padded |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var sparse in new[] { false, true })
        {
            var folder = Directory.CreateTempSubdirectory("qatkit-footprint-").FullName;
            try
            {
                var model = Path.Combine(folder, "model");
                WriteModel(shape, sparse, model);
                var bytes = Directory.EnumerateFiles(model).Sum(f => new FileInfo(f).Length);
                double[][] children = [.. Enumerable.Range(0, Children).Select(_ => Child("footprint-load", model, threads))];
                double[] cells = [.. Enumerable.Range(0, children[0].Length).Select(i => children.Select(c => c[i]).Order().ElementAt(Children / 2))];
                var ratios = Child("footprint-ragged", model, threads);
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {(sparse ? "2:4" : "dense")} | {bytes / 1e6:F0} MB | {cells[0]:F0} ms | {cells[1]:F0} MB | {cells[2]:F0} MB | {cells[3]:F0} bytes | {ratios[0]:F2} | {ratios[1]:F2} ({(double)Ragged.Sum() / Padded.Sum():F2} of the tokens) |"));
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    /// <summary>A child: loads, runs, prints milliseconds, megabytes at the peak and in the end, bytes allocated per call.</summary>
    public static void RunLoad(TextWriter output, string model, int threads)
    {
        var start = Stopwatch.GetTimestamp();
        using var session = InferenceSession.Load(model, new SessionOptions { Threads = threads });
        var load = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        var one = SyntheticGraph.CreateBatch(session.Architecture, [128], 1);
        var logits = new float[session.Architecture.Classes];
        for (var i = 0; i < 5; i++) session.Run(one, logits);
        using var process = Process.GetCurrentProcess();
        double peak = process.PeakWorkingSet64 / 1e6, resident = process.WorkingSet64 / 1e6;

        const int Calls = 5;
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < Calls; i++) session.Run(one, logits);
        var allocated = (GC.GetTotalAllocatedBytes(precise: true) - before) / Calls;
        Print(output, load, peak, resident, allocated);
    }

    /// <summary>A child: prints the ratios of a ragged batch.</summary>
    public static void RunRagged(TextWriter output, string model, int threads)
    {
        using var session = InferenceSession.Load(model, new SessionOptions { Threads = threads });
        TokenBatch Batch(int[] lengths) => SyntheticGraph.CreateBatch(session.Architecture, lengths, 1);
        TokenBatch ragged = Batch(Ragged), equal = Batch(Equal), padded = Batch(Padded);
        var logits = new float[Ragged.Length * session.Architecture.Classes];
        var times = AlternatingTimer.Measure([() => session.Run(ragged, logits), () => session.Run(equal, logits), () => session.Run(padded, logits)], Rounds, CancellationToken.None)
            .Select(t => t.MedianMilliseconds).ToArray();
        Print(output, times[0] / times[1], times[0] / times[2]);
    }

    private static void Print(TextWriter output, params double[] figures) =>
        output.WriteLine(string.Join(' ', figures.Select(f => f.ToString(CultureInfo.InvariantCulture))));

    private static double[] Child(string verb, string model, int threads)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        // Run as `dotnet program.dll`, this process is dotnet itself.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(Footprint).Assembly.Location);
        foreach (var argument in (string[])[verb, model, threads.ToString(CultureInfo.InvariantCulture)]) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var line = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 ? [.. line.Split(' ').Select(f => double.Parse(f, CultureInfo.InvariantCulture))] : throw new InvalidOperationException($"The child ended with exit code {process.ExitCode}.");
    }

    private static void WriteModel(string shape, bool sparse, string folder)
    {
        var graph = SyntheticGraph.Create(ModelShape.Parse(shape, 512) with { VocabSize = VocabSize }, 1, sparse);
        ArtifactWriter.Write(
            new QuantizedGraph
            {
                Architecture = graph.Architecture,
                WordEmbeddings = Int8(graph.WordEmbeddings),
                PositionEmbeddings = Int8(graph.PositionEmbeddings),
                TokenTypeEmbeddings = Int8(graph.TokenTypeEmbeddings),
                EmbeddingLayerNorm = graph.EmbeddingLayerNorm,
                Layers = graph.Layers,
                Pooler = graph.Pooler,
                Classifier = graph.Classifier,
            },
            new ArtifactDetails
            {
                Labels = ["0", "1"],
                MaxSequenceLength = 512,
                LowerCase = true,
                Provenance = new Dictionary<string, string>(),
                Evaluation = new Dictionary<string, double>(),
            },
            null, folder);
    }

    private static EmbeddingTable Int8(EmbeddingTable table) => new()
    {
        Name = table.Name,
        Rows = table.Rows,
        Columns = table.Columns,
        Codes = Array.ConvertAll(table.Values!, v => (sbyte)MathF.Round(v * 127)),
        RowScale = [.. Enumerable.Repeat(1 / 127f, table.Rows)],
    };
}
