using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QatKit.Core.Artifact;
using QatKit.Core.Files;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine;
using QatKit.Testing;
using QatKit.Testing.Ladder;
using QatKit.Testing.Reports;
using TorchSharp;

namespace QatKit.Training.Verification;

/// <summary>The whole ladder, P0 to P4: the one entry point of the verify verb and of recipe runs.</summary>
public static class Verifier
{
    private const int BatchSize = 32;

    /// <summary>Verifies a model.</summary>
    /// <param name="request">What, against what.</param>
    /// <param name="progress">Receives the name of each rung as it starts.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    /// <returns>The report; <see cref="VerificationReport.Passed"/> says whether every gate holds.</returns>
    /// <exception cref="Core.Diagnostics.QatKitException">A sequence does not fit the model, or a backend is not here (QK6xxx).</exception>
    public static VerificationReport Run(VerificationRequest request, IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var graph = request.Artifact.Graph;
        Check(request);
        progress?.Report("P0 to P2: golden vectors, every backend, batch size, padding, threads");
        TokenBatch[] proven = [.. request.Sequences.Take(request.ReferenceExamples ?? int.MaxValue)];
        var rungs = EngineVerifier.Run(graph, proven, request.Backends, cancellationToken: cancellationToken);
        using var engine = EngineImplementations.Create(graph, new SessionOptions());

        LayerParityReport? layerParity = null;
        float[]? fakeQuantLogits = null;
        if (request.FakeQuant is var (model, prepared))
        {
            progress?.Report("P3: fake-quantized model against the engine, layer by layer");
            (layerParity, fakeQuantLogits) = LayerParityRung.Run(new FakeQuantRunner(model, prepared, graph), engine, graph, request.Sequences, cancellationToken);
        }

        AccuracyReport? accuracy = null;
        if (request.Labels is { } labels)
        {
            progress?.Report("P4: task metric on the same examples");
            var models = new List<(string, float[])>();
            if (request.Fp32Logits is not null) models.Add(("fp32", request.Fp32Logits));
            if (fakeQuantLogits is not null) models.Add(("fake-quant", fakeQuantLogits));
            models.Add(("engine", InvarianceRung.AllLogits(engine, request.Sequences, BatchSize, cancellationToken: cancellationToken)));
            accuracy = AccuracyRung.Run(request.Metric, labels, graph.Architecture.Classes, models);
        }

        return new VerificationReport(
            request.Artifact.Directory, ArtifactHash(request.Artifact), NumericsContract.Version, request.Sequences.Count, Conditions(), rungs, layerParity, accuracy, request.Gates)
        {
            ReferenceExamples = proven.Length,
        };
    }

    /// <summary>Writes <c>parity.json</c> and <c>parity.md</c>.</summary>
    public static void Write(VerificationReport report, string folder)
    {
        AtomicFile.WriteText(Path.Combine(folder, "parity.json"), ReportJson.Write(report) + "\n");
        AtomicFile.WriteText(Path.Combine(folder, "parity.md"), ReportMarkdown.Write(report));
    }

    private static void Check(VerificationRequest request)
    {
        var n = request.Sequences.Count;
        if (request is { Gates.MaxMetricLoss: not null, FakeQuant: null, Fp32Logits: null })
            throw new ArgumentException("A gate on the metric loss needs another model's logits: without them the engine is compared with itself.", nameof(request));
        if (request.Labels is { } labels && labels.Count != n)
            throw new ArgumentException($"{labels.Count} labels for {n} sequences.", nameof(request));
        if (request.FakeQuant is var (model, _) && model.parameters().FirstOrDefault(p => p.device_type != DeviceType.CPU) is { } parameter)
            throw new ArgumentException($"The fake-quantized model is on {parameter.device}; the engine's bits can only be compared with the CPU's. Load it from its run with FakeQuantCheckpoint.Load.", nameof(request));
        if (request.Fp32Logits is { } logits && logits.Length != n * request.Artifact.Graph.Architecture.Classes)
            throw new ArgumentException($"{logits.Length} FP32 logits for {n} sequences of {request.Artifact.Graph.Architecture.Classes} classes.", nameof(request));
    }

    // The checksum file covers every other file of the artifact.
    private static string ArtifactHash(ModelArtifact artifact) =>
        Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(artifact.Directory, ArtifactFiles.Checksums))));

    private static Dictionary<string, string> Conditions() => new()
    {
        ["backends"] = string.Join(", ", BackendProbe.Probe().Select(b => $"{b.Backend} {b.Tier}{(b.IsAvailable ? "" : " (not available: " + b.Reason + ")")}")),
        ["processors"] = FormattableString.Invariant($"{Environment.ProcessorCount}"),
        ["runtime"] = $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}",
        ["qatkit"] = typeof(Verifier).Assembly.GetName().Version?.ToString(3) ?? "",
    };
}
