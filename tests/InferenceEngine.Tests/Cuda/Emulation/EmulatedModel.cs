using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Tests.Cuda.Emulation;

/// <summary>Runs a whole model through emulated kernels, recording the tensors that the reference records, in its order.</summary>
internal sealed class EmulatedModel(QuantizedGraph graph, TokenBatch batch, GemmTile tile, int splits) : IDisposable
{
    private readonly DeviceMemory _memory = new();
    private readonly BertArchitecture _a = graph.Architecture;
    private readonly int _tokens = batch.TokenCount;

    // Pitch of rows of codes and floats alike.
    private readonly int _pitch = (graph.Architecture.Hidden + 15) / 16 * 16;

    /// <summary>Logits [B, C].</summary>
    public float[] Run(IActivationTrace trace)
    {
        var offsets = _memory.Upload(batch.Offsets);
        var input = Embed(graph.Layers[0].Query, graph.Layers[0].Key, graph.Layers[0].Value);
        trace.Record(ModuleNames.EmbeddingLayerNorm, _tokens, _a.Hidden, Rows<float>(input.H, _tokens, _a.Hidden, _pitch));
        for (var i = 0; i < graph.Layers.Count; i++) input = Layer(i, input, offsets, trace);

        // The first token of each sequence.
        var first = batch.Offsets[..^1];
        RecordCodes(trace, ModuleNames.OutputLayerNorm(graph.Layers.Count - 1), graph.Pooler, input, first);
        var pooled = _memory.Allocate<short>(batch.Count * _pitch);
        Linear(graph.Pooler, input, new GemmEpilogue(GemmActivation.Tanh, false, OutputType.Int16), pooled, _pitch, graph.Classifier.Input.InverseScale, rows: first);
        trace.Record(graph.Pooler.Name, batch.Count, _a.Hidden, Rows<short>(pooled, batch.Count, _a.Hidden, _pitch));
        var logitPitch = (_a.Classes + 3) / 4 * 4;
        var logits = _memory.Allocate<float>(batch.Count * logitPitch);
        Linear(graph.Classifier, new Activations(0, 0, pooled, _pitch), new GemmEpilogue(GemmActivation.None, false, OutputType.Float32), logits, logitPitch, 1f, rowCount: batch.Count);
        var result = Rows<float>(logits, batch.Count, _a.Classes, logitPitch);
        trace.Record(ModuleNames.Logits, batch.Count, _a.Classes, result);
        return result;
    }

    public void Dispose() => _memory.Dispose();

    private Activations Layer(int index, Activations input, ulong offsets, IActivationTrace trace)
    {
        var layer = graph.Layers[index];
        var producer = index == 0 ? ModuleNames.EmbeddingLayerNorm : ModuleNames.OutputLayerNorm(index - 1);
        RecordCodes(trace, producer, layer.Query, input, null);
        var qkv = new ulong[3];
        var projections = new[] { (layer.Query, layer.QueryOutput), (layer.Key, layer.KeyOutput), (layer.Value, layer.ValueOutput) };
        for (var i = 0; i < 3; i++)
        {
            qkv[i] = _memory.Allocate<sbyte>(_tokens * _pitch);
            Linear(projections[i].Item1, input, new GemmEpilogue(GemmActivation.None, false, OutputType.Int8), qkv[i], _pitch, projections[i].Item2.InverseScale);
            trace.Record(projections[i].Item1.Name, _tokens, _a.Hidden, Rows<sbyte>(qkv[i], _tokens, _a.Hidden, _pitch));
        }

        var context = Attention(layer, qkv, offsets);
        RecordCodes(trace, ModuleNames.Context(index), layer.AttentionOutput, context, null);
        var middle = AddAndNorm(layer.AttentionOutput, context, input, layer.AttentionLayerNorm, [layer.Intermediate]);
        trace.Record(layer.AttentionLayerNorm.Name, _tokens, _a.Hidden, Rows<float>(middle.H, _tokens, _a.Hidden, _pitch));
        RecordCodes(trace, layer.AttentionLayerNorm.Name, layer.Intermediate, middle, null);
        var up = Up(layer, middle);
        RecordCodes(trace, layer.Intermediate.Name, layer.Output, up, null, _a.Intermediate);
        QuantizedLinear[] next = index + 1 < graph.Layers.Count
            ? [graph.Layers[index + 1].Query, graph.Layers[index + 1].Key, graph.Layers[index + 1].Value]
            : [graph.Pooler];
        var output = AddAndNorm(layer.Output, up, middle, layer.OutputLayerNorm, next);
        trace.Record(layer.OutputLayerNorm.Name, _tokens, _a.Hidden, Rows<float>(output.H, _tokens, _a.Hidden, _pitch));
        return output;
    }

    private Activations Embed(params QuantizedLinear[] consumers)
    {
        TableParameters Table(EmbeddingTable t) => new()
        {
            Values = t.Values is null ? 0 : _memory.Upload(t.Values),
            Codes = t.Codes is null ? 0 : _memory.Upload(t.Codes),
            RowScale = t.RowScale is null ? 0 : _memory.Upload(t.RowScale),
        };
        var positions = Enumerable.Range(0, batch.Count).SelectMany(b => Enumerable.Range(0, batch.LengthOf(b))).ToArray();
        var norm = Norm(graph.EmbeddingLayerNorm, 0, consumers);
        EmulatedKernel.Get(KernelLibrary.Embedding(_a.Hidden), "EmbeddingParams").Launch(new LaunchGrid(_tokens, 1, 1), new EmbeddingParameters
        {
            Word = Table(graph.WordEmbeddings),
            Position = Table(graph.PositionEmbeddings),
            Type = Table(graph.TokenTypeEmbeddings),
            Ids = _memory.Upload(batch.InputIds),
            Types = _memory.Upload(batch.TokenTypeIds),
            Positions = _memory.Upload(positions),
            Norm = norm,
        });
        return new Activations(norm.H, norm.Codes8, norm.Codes16, _pitch);
    }

    private Activations Attention(QuantizedEncoderLayer layer, ulong[] qkv, ulong offsets)
    {
        const int Warps = 2;
        var wide = layer.AttentionOutput.Width == CodeWidth.Int16;
        var context = wide ? _memory.Allocate<short>(_tokens * _pitch) : _memory.Allocate<sbyte>(_tokens * _pitch);
        var longest = Enumerable.Range(0, batch.Count).Max(batch.LengthOf);
        EmulatedKernel.Get(KernelLibrary.Attention(_a.HeadDim, Warps, 32, wide ? OutputType.Int16 : OutputType.Int8), "AttentionParams").Launch(
            new LaunchGrid((longest + 16 * Warps - 1) / (16 * Warps), _a.Heads, batch.Count),
            new AttentionParameters
            {
                Q = qkv[0],
                K = qkv[1],
                V = qkv[2],
                Offsets = offsets,
                Context = context,
                ScoreMultiplier = IntegerSoftmax.ScoreMultiplier(layer.QueryOutput.Scale, layer.KeyOutput.Scale, _a.HeadDim),
                ValueScale = layer.ValueOutput.Scale,
                Inverse = layer.AttentionOutput.Input.InverseScale,
                QkvPitch = _pitch,
                ContextPitch = _pitch,
            });
        return wide ? new Activations(0, 0, context, _pitch) : new Activations(0, context, 0, _pitch);
    }

    private Activations Up(QuantizedEncoderLayer layer, Activations input)
    {
        var pitch = (_a.Intermediate + 15) / 16 * 16;
        var wide = layer.Output.Width == CodeWidth.Int16;
        var codes = wide ? _memory.Allocate<short>(_tokens * pitch) : _memory.Allocate<sbyte>(_tokens * pitch);
        Linear(layer.Intermediate, input, new GemmEpilogue(GemmActivation.Gelu, false, wide ? OutputType.Int16 : OutputType.Int8), codes, pitch, layer.Output.Input.InverseScale);
        return wide ? new Activations(0, 0, codes, pitch) : new Activations(0, codes, 0, pitch);
    }

    private Activations AddAndNorm(QuantizedLinear linear, Activations x, Activations residual, QuantizedLayerNorm norm, QuantizedLinear[] consumers)
    {
        var r = _memory.Allocate<float>(_tokens * _pitch);
        Linear(linear, x, new GemmEpilogue(GemmActivation.None, true, OutputType.Float32), r, _pitch, 1f, residual.H);
        var parameters = Norm(norm, r, consumers);
        EmulatedKernel.Get(KernelLibrary.LayerNorm(_a.Hidden), "LayerNormParams").Launch(new LaunchGrid(_tokens, 1, 1), parameters);
        return new Activations(parameters.H, parameters.Codes8, parameters.Codes16, _pitch);
    }

    private LayerNormParameters Norm(QuantizedLayerNorm norm, ulong r, QuantizedLinear[] consumers)
    {
        var narrow = consumers.FirstOrDefault(c => c.Width == CodeWidth.Int8);
        var wide = consumers.FirstOrDefault(c => c.Width == CodeWidth.Int16);
        return new LayerNormParameters
        {
            R = r,
            Gamma = _memory.Upload(norm.Gamma),
            Beta = _memory.Upload(norm.Beta),
            H = _memory.Allocate<float>(_tokens * _pitch),
            Codes8 = narrow is null ? 0 : _memory.Allocate<sbyte>(_tokens * _pitch),
            Codes16 = wide is null ? 0 : _memory.Allocate<short>(_tokens * _pitch),
            Grid = IntegerLayerNorm.GridScale(norm.Exponent),
            Epsilon = IntegerLayerNorm.EpsilonTerm(_a.LayerNormEpsilon, _a.Hidden, norm.Exponent),
            Inverse8 = narrow?.Input.InverseScale ?? 0,
            Inverse16 = wide?.Input.InverseScale ?? 0,
            Pitch = _pitch,
            Codes8Pitch = _pitch,
            Codes16Pitch = _pitch,
        };
    }

    private void Linear(QuantizedLinear layer, Activations x, GemmEpilogue epilogue, ulong y, int yPitch, float inverse, ulong residual = 0, int[]? rows = null, int rowCount = 0)
    {
        var launch = new EmulatedLinear(_memory, layer, tile, splits, epilogue);
        launch.Run(x, y, yPitch, inverse, residual, _pitch, rows, rows?.Length ?? (rowCount > 0 ? rowCount : _tokens));
    }

    // The codes that `consumer` reads, of all tokens or of some.
    private void RecordCodes(IActivationTrace trace, string name, QuantizedLinear consumer, Activations x, int[]? rows, int columns = 0)
    {
        if (columns == 0) columns = _a.Hidden;
        T[] Pick<T>(ulong codes)
            where T : unmanaged
        {
            var all = Rows<T>(codes, _tokens, columns, x.Pitch);
            return rows is null ? all : [.. rows.SelectMany(r => all[(r * columns)..((r + 1) * columns)])];
        }

        var count = rows?.Length ?? _tokens;
        if (consumer.Width == CodeWidth.Int8) trace.Record(name, count, columns, Pick<sbyte>(x.Codes8));
        else trace.Record(name, count, columns, Pick<short>(x.Codes16));
    }

    private static T[] Rows<T>(ulong address, int rows, int columns, int pitch)
        where T : unmanaged => DeviceMemory.DownloadRows<T>(address, rows, columns, pitch);
}

/// <summary>A tensor between two layers: the float residual and the codes in one or both widths, where they exist.</summary>
internal sealed record Activations(ulong H, ulong Codes8, ulong Codes16, int Pitch);
