using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Quantization.Calibration;
using QatKit.Quantization.Surgery;

namespace QatKit.Quantization.Placement;

/// <summary>Which layers run in int8, and how their ranges are found.</summary>
/// <remarks>A linear layer is int8 when a target matches its path and no ignore pattern does; otherwise int16, which is
/// effectively lossless and keeps every sum an integer. The classifier is always int16.</remarks>
public sealed record QuantizationPlan
{
    /// <summary>Patterns of layers in int8 (<see cref="NamePattern"/>); by default all.</summary>
    public IReadOnlyList<string> Targets { get; init; } = ["*"];

    /// <summary>Patterns of layers left out of int8; by default none.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>Calibrator of every activation that becomes int8 codes; by default percentile 99.99. What is read as int16 only takes
    /// its maximum, which clips nothing.</summary>
    public CalibratorSettings Calibrator { get; init; } = CalibratorSettings.Percentile();

    /// <summary>Embedding tables in int8 with a scale per row; by default float32.</summary>
    public bool Int8Embeddings { get; init; }

    /// <summary>Weight of a new batch in the moving average that activation ranges follow in training until they are
    /// frozen, in [0, 1]; by default 0.01. 0 keeps the calibrated ranges.</summary>
    public float RangeMomentum { get; init; } = 0.01f;

    /// <summary>Resolves the patterns.</summary>
    /// <param name="architecture">The model.</param>
    /// <param name="sparseLayers">Layers that will be pruned, for the table only.</param>
    /// <exception cref="QatKitException">QK2010 a pattern that matches nothing, QK2011 an invalid one; all at once.</exception>
    public PlacementTable Resolve(BertArchitecture architecture, IReadOnlySet<string>? sparseLayers = null)
    {
        var problems = new DiagnosticBag();
        var layers = LinearLayers.Of(architecture);
        var targets = NamePattern.Select(Targets, "quantization.targets", layers, problems);
        var ignored = NamePattern.Select(Ignore, "quantization.ignore", layers, problems);
        problems.ThrowIfAny();
        bool IsInt8(string layer) => layer != ModuleNames.Classifier && targets.Contains(layer) && !ignored.Contains(layer);
        return new PlacementTable(
            [.. layers.Select(l => new LayerPlacement(
                l,
                IsInt8(l) ? CodeWidth.Int8 : CodeWidth.Int16,
                "per channel, max",
                LinearLayers.ReadersOfInput(l, architecture.Layers).Any(IsInt8) ? Calibrator : CalibratorSettings.Max,
                sparseLayers?.Contains(l) == true ? "2:4" : "dense"))],
            Int8Embeddings);
    }
}
