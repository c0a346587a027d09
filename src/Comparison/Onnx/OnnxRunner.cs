using Microsoft.ML.OnnxRuntime;
using QatKit.Core.Graph;
using QatKit.Export.Onnx;
using Ort = Microsoft.ML.OnnxRuntime;

namespace QatKit.Comparison.Onnx;

/// <summary>Runs an exported model with ONNX Runtime on one thread, for its answers and not for its speed.</summary>
public sealed class OnnxRunner : IDisposable
{
    private readonly Ort.InferenceSession _session;

    /// <summary>Loads a model.</summary>
    /// <param name="model">The file's bytes.</param>
    /// <param name="optimize">All graph optimisations, or none.</param>
    /// <param name="exact">Asks for products that do not saturate on x64 processors without VNNI, which is not ONNX Runtime's default.</param>
    /// <param name="optimizedPath">Where to save the optimised model; nowhere when null.</param>
    public OnnxRunner(byte[] model, bool optimize, bool exact = true, string? optimizedPath = null)
    {
        using var options = new Ort.SessionOptions
        {
            GraphOptimizationLevel = optimize ? GraphOptimizationLevel.ORT_ENABLE_ALL : GraphOptimizationLevel.ORT_DISABLE_ALL,
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        if (exact) options.AddSessionConfigEntry("session.x64quantprecision", "1");
        if (optimizedPath is not null) options.OptimizedModelFilePath = optimizedPath;
        _session = new Ort.InferenceSession(model, options);
    }

    /// <summary>Logits of a batch, padded to its longest sequence plus <paramref name="padding"/>: [B, C].</summary>
    public float[] Run(TokenBatch batch, int padding = 0)
    {
        ArgumentNullException.ThrowIfNull(batch);
        int rows = batch.Count, width = Enumerable.Range(0, rows).Max(batch.LengthOf) + padding;
        long[] ids = new long[rows * width], mask = new long[rows * width], types = new long[rows * width];
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < batch.LengthOf(i); j++)
            {
                ids[i * width + j] = batch.InputIdsOf(i)[j];
                types[i * width + j] = batch.TokenTypeIdsOf(i)[j];
                mask[i * width + j] = 1;
            }
        }

        long[] shape = [rows, width];
        using var run = new RunOptions();
        using var a = OrtValue.CreateTensorValueFromMemory(ids, shape);
        using var b = OrtValue.CreateTensorValueFromMemory(mask, shape);
        using var c = OrtValue.CreateTensorValueFromMemory(types, shape);
        using var results = _session.Run(run, [OnnxNames.InputIds, OnnxNames.AttentionMask, OnnxNames.TokenTypeIds], [a, b, c], [OnnxNames.Logits]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}
