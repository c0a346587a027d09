using Microsoft.ML.OnnxRuntime;
using QatKit.Core.Graph;
using Ort = Microsoft.ML.OnnxRuntime;

namespace QatKit.Comparison.Onnx;

/// <summary>A graph loaded into ONNX Runtime, with its inputs and outputs bound to memory that stays.</summary>
internal sealed class OpponentSession : IDisposable
{
    private readonly Ort.InferenceSession _session;
    private readonly OrtIoBinding _binding;
    private readonly RunOptions _run = new();
    private readonly List<OrtValue> _values = [];
    private readonly Dictionary<string, float[]> _outputs = [];

    /// <param name="model">The bytes of an ONNX file.</param>
    /// <param name="batch">Sequences of equal length.</param>
    /// <param name="threads">Threads of one call.</param>
    public OpponentSession(byte[] model, TokenBatch batch, int threads)
    {
        using var options = new Ort.SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        _session = new Ort.InferenceSession(model, options);
        _binding = _session.CreateIoBinding();
        long[] shape = [batch.Count, batch.LengthOf(0)];
        foreach (var (name, metadata) in _session.InputMetadata)
            _binding.BindInput(name, Keep(Input(name, metadata.ElementType, batch, shape)));
        foreach (var (name, metadata) in _session.OutputMetadata)
        {
            long[] outputShape = [.. metadata.Dimensions.Select((d, i) => i == 0 ? batch.Count : (long)d)];
            _outputs[name] = new float[outputShape.Aggregate(1L, (product, d) => product * d)];
            _binding.BindOutput(name, Keep(OrtValue.CreateTensorValueFromMemory(_outputs[name], outputShape)));
        }
    }

    /// <summary>The last run's output, row-major; null when the graph has no output of that name.</summary>
    public float[]? Output(string name) => _outputs.GetValueOrDefault(name);

    public void Run() => _session.RunWithBinding(_run, _binding);

    public void Dispose()
    {
        _run.Dispose();
        _binding.Dispose();
        foreach (var value in _values) value.Dispose();
        _session.Dispose();
    }

    private static OrtValue Input(string name, Type type, TokenBatch batch, long[] shape)
    {
        var values = name switch
        {
            OpponentGraph.InputIds => batch.InputIds.ToArray(),
            OpponentGraph.TokenTypeIds => batch.TokenTypeIds.ToArray(),
            _ => [.. Enumerable.Repeat(1, batch.TokenCount)], // The attention mask: there is no padding.
        };
        return type == typeof(long)
            ? OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => (long)v), shape)
            : OrtValue.CreateTensorValueFromMemory(values, shape);
    }

    private OrtValue Keep(OrtValue value)
    {
        _values.Add(value);
        return value;
    }
}
