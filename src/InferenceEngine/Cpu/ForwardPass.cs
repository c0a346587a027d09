using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>One forward pass: the stages of the model in order, each shared by the whole team.</summary>
/// <remarks>Sequences are concatenated and padding never exists: T is the number of real tokens. The classifier reads only the
/// first token of each sequence, so after the last layer's attention only those B rows are computed; with a trace all are.
/// Letters: T tokens, H hidden, F FFN size, B batch, C classes.</remarks>
internal sealed unsafe class ForwardPass(CpuModel model, CpuKernels kernels, WorkerTeam team, RunBuffers buffers, TokenBatch batch, IActivationTrace? trace)
{
    private readonly int _hidden = model.Architecture.Hidden;
    private readonly int _tokens = batch.TokenCount;

    // Rows of the residual stream: T, or B once only first tokens are left.
    private int _rows = batch.TokenCount;

    /// <summary>Runs the model; the logits are in the buffers afterwards.</summary>
    public void Execute()
    {
        buffers.Reserve(_tokens, batch.Count);
        Embed();
        Record(ModuleNames.EmbeddingLayerNorm, _tokens, _hidden, buffers.Hidden);
        for (var i = 0; i < model.Layers.Count; i++)
        {
            var producer = i == 0 ? ModuleNames.EmbeddingLayerNorm : ModuleNames.OutputLayerNorm(i - 1);
            EncoderLayer(i, model.Layers[i], producer);
        }

        Head();
    }

    private static Codes InputOf(PackedLinear layer, void* codes) => new((nint)codes, layer.Width, layer.Input);

    // Word, position and type embedding, LayerNorm, codes of layer 0: [T, H]
    private void Embed()
    {
        var codes = InputOf(model.Layers[0].Query, (void*)buffers.InputCodes[0]);
        team.Run(worker =>
        {
            var (begin, end) = WorkRange.Part(_tokens, worker, team.Workers);
            var sequence = 0;
            for (var t = begin; t < end; t++)
            {
                while (batch.Offsets[sequence + 1] <= t) sequence++;
                var row = buffers.Hidden + (nint)t * _hidden;
                kernels.Embedding(
                    model.WordEmbeddings.Row(batch.InputIds[t]),
                    model.PositionEmbeddings.Row(t - batch.Offsets[sequence]),
                    model.TokenTypeEmbeddings.Row(batch.TokenTypeIds[t]), _hidden, row);
                kernels.LayerNorm(model.EmbeddingLayerNorm, row, row, buffers.Scratch[worker]);
                QuantizeRow(row, codes, t);
            }
        });
    }

    private void EncoderLayer(int index, CpuLayer layer, string producer)
    {
        Project(layer, producer);
        var last = index + 1 == model.Layers.Count;
        var firstOnly = last && trace is null;
        Attend(index, layer, firstOnly);
        var context = InputOf(layer.AttentionOutput, buffers.Context);
        if (firstOnly) KeepFirstTokens(context);

        // [rows, H] -> [rows, H], plus the residual
        Linear(layer.AttentionOutput, context, _rows, LinearOutput.AddResidual(buffers.Sum, buffers.Hidden, _hidden));
        var up = InputOf(layer.Intermediate, (void*)buffers.InputCodes[0]);
        Normalize(layer.AttentionLayerNorm, up);
        Record(layer.AttentionLayerNorm.Name, _rows, _hidden, buffers.Hidden);
        Record(layer.AttentionLayerNorm.Name, _rows, _hidden, up);

        // [rows, H] -> [rows, F] -> [rows, H], plus the residual
        var down = InputOf(layer.Output, buffers.Up);
        Linear(layer.Intermediate, up, _rows, Gelu(down, model.Architecture.Intermediate));
        Record(layer.Intermediate.Name, _rows, model.Architecture.Intermediate, down);
        Linear(layer.Output, down, _rows, LinearOutput.AddResidual(buffers.Sum, buffers.Hidden, _hidden));
        Normalize(layer.OutputLayerNorm, last ? null : InputOf(model.Layers[index + 1].Query, (void*)buffers.InputCodes[0]));
        Record(layer.OutputLayerNorm.Name, _rows, _hidden, buffers.Hidden);
    }

    // Query, key and value codes: [T, H] -> [T, H] each
    private void Project(CpuLayer layer, string producer)
    {
        // The previous LayerNorm wrote the query's input codes; key and value read the same unless a mixed-precision
        // model gave them another quantizer.
        var query = InputOf(layer.Query, (void*)buffers.InputCodes[0]);
        var key = InputCodes(layer.Key, 1, [query]);
        var value = InputCodes(layer.Value, 2, [query, key]);
        Record(producer, _tokens, _hidden, query);
        var queryOutput = LinearOutput.Int8(buffers.Query, _hidden, layer.QueryOutput.InverseScale);
        var keyOutput = LinearOutput.Int8(buffers.Key, _hidden, layer.KeyOutput.InverseScale);
        var valueOutput = LinearOutput.Int8(buffers.Value, _hidden, layer.ValueOutput.InverseScale);
        team.Run(worker =>
        {
            LinearPart(layer.Query, query, _tokens, queryOutput, worker);
            LinearPart(layer.Key, key, _tokens, keyOutput, worker);
            LinearPart(layer.Value, value, _tokens, valueOutput, worker);
        });
        Record(layer.Query.Name, buffers.Query);
        Record(layer.Key.Name, buffers.Key);
        Record(layer.Value.Name, buffers.Value);
    }

    private Codes InputCodes(PackedLinear layer, int slot, ReadOnlySpan<Codes> existing)
    {
        foreach (var codes in existing)
            if (codes.Width == layer.Width && codes.Quantizer == layer.Input) return codes;
        var own = InputOf(layer, (void*)buffers.InputCodes[slot]);
        team.Run(worker =>
        {
            var (begin, end) = WorkRange.Part(_tokens, worker, team.Workers);
            for (var t = begin; t < end; t++) QuantizeRow(buffers.Hidden + (nint)t * _hidden, own, t);
        });
        return own;
    }

    // Codes of the context: [T, H], or only the rows of first tokens in it
    private void Attend(int index, CpuLayer layer, bool firstOnly)
    {
        var a = model.Architecture;
        var context = InputOf(layer.AttentionOutput, buffers.Context);
        var arguments = new AttentionArguments
        {
            Query = buffers.Query,
            Key = buffers.Key,
            Value = buffers.Value,
            Hidden = _hidden,
            HeadDim = a.HeadDim,
            ScoreMultiplier = IntegerSoftmax.ScoreMultiplier(layer.QueryOutput.Scale, layer.KeyOutput.Scale, a.HeadDim),
            ValueScale = layer.ValueOutput.Scale,
            Context = context,
        };
        // A head of a sequence is one item; queries are split only when there are fewer items than workers.
        var heads = batch.Count * a.Heads;
        var split = (team.Workers + heads - 1) / heads;
        var next = 0;
        team.Run(worker =>
        {
            // Sequences differ in length, so workers take the next item when they are free; results do not depend on who does it.
            int item;
            while ((item = Interlocked.Increment(ref next) - 1) < heads * split)
            {
                int sequence = item / split / a.Heads, head = item / split % a.Heads;
                var length = batch.LengthOf(sequence);
                var (begin, end) = WorkRange.Part(firstOnly ? 1 : length, item % split, split);
                if (begin < end)
                    kernels.Attention(arguments, new AttentionWork(batch.Offsets[sequence], length, head, begin, end), buffers.Scratch[worker]);
            }
        });
        Record(ModuleNames.Context(index), _tokens, _hidden, context);
    }

    // Moves the rows of first tokens, in the context and in the residual stream, to the front: [T, H] -> [B, H]
    private void KeepFirstTokens(Codes context)
    {
        var contextBytes = _hidden * (context.Width == CodeWidth.Int8 ? sizeof(sbyte) : sizeof(short));
        for (var b = 1; b < batch.Count; b++)
        {
            nint from = batch.Offsets[b], to = b; // A sequence has at least one token: to <= from, so no row is lost.
            Buffer.MemoryCopy(context.Int8 + from * contextBytes, context.Int8 + to * contextBytes, contextBytes, contextBytes);
            Buffer.MemoryCopy(buffers.Hidden + from * _hidden, buffers.Hidden + to * _hidden, _hidden * sizeof(float), _hidden * sizeof(float));
        }

        _rows = batch.Count;
    }

    // Pooler and classifier over the first token of each sequence: [B, H] -> [B, H] -> [B, C]
    private void Head()
    {
        var first = InputOf(model.Pooler, buffers.First);
        for (var b = 0; b < batch.Count; b++)
        {
            var row = _rows == batch.Count ? b : batch.Offsets[b];
            QuantizeRow(buffers.Hidden + (nint)row * _hidden, first, b);
        }

        Record(ModuleNames.OutputLayerNorm(model.Layers.Count - 1), batch.Count, _hidden, first);
        var pooled = InputOf(model.Classifier, buffers.Pooled);
        Linear(model.Pooler, first, batch.Count, LinearOutput.TanhInt16(buffers.Pooled, _hidden, model.Classifier.Input.InverseScale));
        Record(model.Pooler.Name, batch.Count, _hidden, pooled);
        var classes = model.Architecture.Classes;
        Linear(model.Classifier, pooled, batch.Count, LinearOutput.Float(buffers.Logits, classes));
        Record(ModuleNames.Logits, batch.Count, classes, buffers.Logits);
    }

    private void Normalize(PackedLayerNorm norm, Codes? codes) => team.Run(worker =>
    {
        var (begin, end) = WorkRange.Part(_rows, worker, team.Workers);
        for (var t = begin; t < end; t++)
        {
            var row = buffers.Hidden + (nint)t * _hidden;
            kernels.LayerNorm(norm, buffers.Sum + (nint)t * _hidden, row, buffers.Scratch[worker]);
            if (codes is { } destination) QuantizeRow(row, destination, t);
        }
    });

    private void Linear(PackedLinear layer, Codes input, int rows, LinearOutput output) =>
        team.Run(worker => LinearPart(layer, input, rows, output, worker));

    private void LinearPart(PackedLinear layer, Codes input, int rows, in LinearOutput output, int worker)
    {
        var range = WorkRange.For(rows, layer.Blocks, worker, team.Workers);
        if (!range.IsEmpty) kernels.Linear(layer, (void*)input.Pointer, output, range, buffers.Scratch[worker]);
    }

    private static LinearOutput Gelu(Codes codes, int stride) => codes.Width == CodeWidth.Int8
        ? LinearOutput.GeluInt8(codes.Int8, stride, codes.Quantizer.InverseScale)
        : LinearOutput.GeluInt16(codes.Int16, stride, codes.Quantizer.InverseScale);

    private void QuantizeRow(float* source, Codes destination, int row)
    {
        var offset = (nint)row * _hidden;
        if (destination.Width == CodeWidth.Int8)
            kernels.QuantizeInt8(source, _hidden, destination.Quantizer.InverseScale, destination.Int8 + offset);
        else
            kernels.QuantizeInt16(source, _hidden, destination.Quantizer.InverseScale, destination.Int16 + offset);
    }

    private void Record(string name, int rows, int columns, float* values) =>
        trace?.Record(name, rows, columns, new ReadOnlySpan<float>(values, rows * columns));

    private void Record(string name, sbyte* codes) =>
        trace?.Record(name, _tokens, _hidden, new ReadOnlySpan<sbyte>(codes, _tokens * _hidden));

    private void Record(string name, int rows, int columns, Codes codes)
    {
        if (codes.Width == CodeWidth.Int8) trace?.Record(name, rows, columns, new ReadOnlySpan<sbyte>(codes.Int8, rows * columns));
        else trace?.Record(name, rows, columns, new ReadOnlySpan<short>(codes.Int16, rows * columns));
    }
}
