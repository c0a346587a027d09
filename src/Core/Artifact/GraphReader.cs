using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.Core.Tensors;

namespace QatKit.Core.Artifact;

/// <summary>Builds a graph from tensors whose names, types and shapes are known to be right.</summary>
internal sealed class GraphReader(string path, SafetensorsFile file, BertArchitecture architecture, ArtifactManifest manifest)
{
    private readonly LinearReader _linears = new(path, file, manifest);
    private readonly ConcurrentDictionary<string, ReadLinear> _read = [];
    private readonly ConcurrentDictionary<string, EmbeddingTable> _tables = [];
    private readonly DiagnosticBag _problems = new();

    /// <summary>Reads and checks the whole graph.</summary>
    /// <param name="threads">Threads that read.</param>
    /// <param name="take">Receives every valid linear layer as soon as it was read, on any of the threads. Its weights and mask lie
    /// in memory that the next layer is read into, and the graph has the layers without them. Null: the graph has them.</param>
    /// <exception cref="QatKitException">Every problem: QK2001 scale, QK4024 inverse, QK4025 mask hash; then those of
    /// <see cref="QuantizedGraphValidator"/>.</exception>
    public QuantizedGraph Read(int threads, Action<QuantizedLinear>? take)
    {
        var a = architecture;
        QuantizedGraphValidator.CheckArchitecture(a);
        ReadLarge(threads, take);
        var graph = new QuantizedGraph
        {
            Architecture = a,
            WordEmbeddings = _tables[ModuleNames.WordEmbeddings],
            PositionEmbeddings = _tables[ModuleNames.PositionEmbeddings],
            TokenTypeEmbeddings = _tables[ModuleNames.TokenTypeEmbeddings],
            EmbeddingLayerNorm = Norm(ModuleNames.EmbeddingLayerNorm),
            Layers = [.. Enumerable.Range(0, a.Layers).Select(Layer)],
            Pooler = Linear(ModuleNames.Pooler),
            Classifier = Linear(ModuleNames.Classifier),
        };
        _problems.ThrowIfAny();
        QuantizedGraphValidator.Check(graph, (linear, problems) => problems.Add(_read[linear.Name].WeightProblems));
        return graph;
    }

    // The tables and the linear layers, several at a time.
    private void ReadLarge(int threads, Action<QuantizedLinear>? take)
    {
        string[] names = [.. TensorNames.Embeddings, .. TensorNames.Linears(architecture.Layers)];
        try
        {
            Parallel.For(0, names.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, () => take is null ? null : new ReusedArrays(), (i, _, memory) =>
            {
                if (i < TensorNames.Embeddings.Count) _tables[names[i]] = Table(names[i]);
                else _read[names[i]] = Hand(_linears.Read(names[i], memory), take);
                return memory;
            }, _ => { });
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    // What the graph gets of a layer.
    private static ReadLinear Hand(ReadLinear read, Action<QuantizedLinear>? take)
    {
        if (take is null) return read;
        if (read.Problems.IsEmpty && read.WeightProblems.IsEmpty) take(read.Layer);
        return read with { Layer = read.Layer.WithoutWeights() };
    }

    private QuantizedEncoderLayer Layer(int i) => new()
    {
        Query = Linear(ModuleNames.Query(i)),
        Key = Linear(ModuleNames.Key(i)),
        Value = Linear(ModuleNames.Value(i)),
        QueryOutput = Quantizer(TensorNames.OutputScale(ModuleNames.Query(i))),
        KeyOutput = Quantizer(TensorNames.OutputScale(ModuleNames.Key(i))),
        ValueOutput = Quantizer(TensorNames.OutputScale(ModuleNames.Value(i))),
        AttentionOutput = Linear(ModuleNames.AttentionOutput(i)),
        AttentionLayerNorm = Norm(ModuleNames.AttentionLayerNorm(i)),
        Intermediate = Linear(ModuleNames.Intermediate(i)),
        Output = Linear(ModuleNames.Output(i)),
        OutputLayerNorm = Norm(ModuleNames.OutputLayerNorm(i)),
    };

    private EmbeddingTable Table(string name)
    {
        var int8 = manifest.Embeddings[name] == EmbeddingStorage.Int8;
        return new EmbeddingTable
        {
            Name = name,
            Rows = (int)file.Info(TensorNames.Weight(name)).Shape[0],
            Columns = architecture.Hidden,
            Values = int8 ? null : file.ReadFloat32(TensorNames.Weight(name)),
            Codes = int8 ? file.ReadInt8(TensorNames.Weight(name)) : null,
            RowScale = int8 ? file.ReadFloat32(TensorNames.WeightScale(name)) : null,
        };
    }

    private QuantizedLayerNorm Norm(string name) => new(
        name,
        file.ReadFloat32(TensorNames.Weight(name)),
        file.ReadFloat32(TensorNames.Bias(name)),
        manifest.LayerNormExponents[name]);

    private QuantizedLinear Linear(string name)
    {
        var (layer, problems, _) = _read[name];
        _problems.Add(problems);
        return layer;
    }

    private QuantizationParameters Quantizer(string tensor) => _linears.Quantizer(tensor, _problems).GetValueOrDefault();
}
