using Microsoft.ML.OnnxRuntime;
using QatKit.Core.Graph;
using QatKit.Export.Onnx;

namespace QatKit.Export.Tests.Onnx;

/// <summary>Runs an exported model with ONNX Runtime on one thread.</summary>
internal sealed class OnnxRunner : IDisposable
{
    private readonly InferenceSession _session;

    /// <summary>Loads a model.</summary>
    /// <param name="model">The file's bytes.</param>
    /// <param name="optimize">All graph optimisations, or none.</param>
    /// <param name="exact">Ask for products that do not saturate on processors without VNNI.</param>
    /// <param name="optimizedPath">Where to save the optimised model.</param>
    public OnnxRunner(byte[] model, bool optimize, bool exact = true, string? optimizedPath = null)
    {
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = optimize ? GraphOptimizationLevel.ORT_ENABLE_ALL : GraphOptimizationLevel.ORT_DISABLE_ALL,
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        if (exact) options.AddSessionConfigEntry("session.x64quantprecision", "1");
        if (optimizedPath is not null) options.OptimizedModelFilePath = optimizedPath;
        _session = new InferenceSession(model, options);
    }

    /// <summary>Logits of a batch, padded to its longest sequence plus <paramref name="padding"/>: [B, C].</summary>
    public float[] Run(TokenBatch batch, int padding = 0)
    {
        int rows = batch.Count, width = Enumerable.Range(0, rows).Max(batch.LengthOf) + padding;
        long[] ids = new long[rows * width], mask = new long[rows * width], types = new long[rows * width];
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < batch.LengthOf(i); j++)
            {
                ids[i * width + j] = batch.InputIds[batch.Offsets[i] + j];
                types[i * width + j] = batch.TokenTypeIds[batch.Offsets[i] + j];
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

    public void Dispose() => _session.Dispose();
}
