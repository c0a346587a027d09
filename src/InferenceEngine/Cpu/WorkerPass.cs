using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>One worker's part of a forward pass. All workers go through the same stages and wait for each other before one that reads what others wrote.</summary>
/// <remarks>Sequences are concatenated and padding never exists: T is the number of real tokens. The classifier reads only the
/// first token of each sequence, so after the last layer's attention only those B rows are computed; with a trace all are.
/// Who has nothing left to do prepares the next stage before it waits.
/// Letters: T tokens, H hidden, F FFN size, B batch, C classes.</remarks>
/// <param name="pass">What the workers share.</param>
/// <param name="worker">Which this is.</param>
internal sealed unsafe class WorkerPass(ForwardPass pass, int worker)
{
    // So many rows of words are on their way from memory while one is computed.
    private const int TokensAhead = 4;

    private readonly CpuModel _model = pass.Model;
    private readonly CpuKernels _kernels = pass.Kernels;
    private readonly RunBuffers _buffers = pass.Buffers;
    private readonly WorkerScratch _scratch = pass.Buffers.Scratch[worker];
    private readonly int _hidden = pass.Model.Architecture.Hidden;

    // Of the stage that this worker is in.
    private readonly LinearStep[] _steps = new LinearStep[3];

    private int _tokens;
    private int _workers;

    // Stages in which work is taken, so far.
    private int _stage;

    // Rows of the residual stream: T, or B once only first tokens are left.
    private int _rows;

    /// <summary>Does this worker's part.</summary>
    public void Run()
    {
        _workers = pass.Workers;
        _tokens = _rows = Batch.TokenCount;
        _stage = 0;
        Embed();
        var producer = _model.EmbeddingLayerNorm;
        Record(producer.Name, _tokens, _hidden, _buffers.Layout, _buffers.Hidden);
        for (var i = 0; i < _model.Layers.Count; i++)
        {
            EncoderLayer(i, producer.Name);
            producer = _model.Layers[i].OutputLayerNorm;
        }

        Head(producer.Name);
    }

    private TokenBatch Batch => pass.Batch;

    private Codes InputOf(PackedLinear layer, void* codes, PanelLayout layout) => _kernels.CodesOf(codes, layer.Width, layer.Input, layout);

    // Codes of the residual stream.
    private Codes StreamOf(PackedLinear layer, int slot) => InputOf(layer, (void*)_buffers.InputCodes[slot], _buffers.Layout);

    private BlockSplit Split(int rows, int blocks) => new(rows, blocks, _kernels.BlocksPerTile, _workers);

    private LinearStep Step(PackedLinear layer, Codes input, int rows, LinearOutput output) => new(layer, input, Split(rows, layer.Blocks), output);

    // Of this worker's share of a layer.
    private NextWeights FirstOf(PackedLinear layer) => new(layer, Split(_rows, layer.Blocks).FirstBlockOf(worker));

    private void Sync() => pass.Team.Sync(worker, _workers);

    // The first worker hands over what all have written; the others wait for it before the next stage.
    private void Record(string name, int rows, int columns, PanelLayout layout, float* values)
    {
        if (!pass.Trace.Wants(name)) return;
        Sync();
        if (worker == 0) pass.Trace.Record(name, rows, columns, layout, values);
    }

    private void Record(string name, int rows, int columns, Codes codes)
    {
        if (!pass.Trace.Wants(name)) return;
        Sync();
        if (worker == 0) pass.Trace.Record(name, rows, columns, codes);
    }

    // Word, position and type embedding, LayerNorm, codes of layer 0: [T, H]
    private void Embed()
    {
        var layout = _buffers.Layout;
        var norm = _model.EmbeddingLayerNorm;
        _scratch.ClearSums(_tokens);
        var (begin, end) = WorkRange.Part(_tokens, worker, _workers);
        var sequence = 0;
        for (var t = begin; t < end; t++)
        {
            while (Batch.Offsets[sequence + 1] <= t) sequence++;
            // Words come from anywhere in a table that no cache holds.
            if (t + TokensAhead < end) _model.WordEmbeddings.Fetch(Batch.InputIds[t + TokensAhead]);
            // A row of words is contiguous, one of the stream is not.
            var row = (int*)_scratch.Get(_hidden * sizeof(int));
            _scratch.Sums[t] = _kernels.Embedding(
                _model.WordEmbeddings.Row(Batch.InputIds[t]),
                _model.PositionEmbeddings.Row(t - Batch.Offsets[sequence]),
                _model.TokenTypeEmbeddings.Row(Batch.TokenTypeIds[t]), _hidden, norm.GridScale, row);
            PanelLayout.RowMajor(_hidden).CopyRow((byte*)row, 0, (byte*)_buffers.FixedHidden, layout, t, _hidden, sizeof(int));
        }

        Normalize(norm, new WorkRange(begin, end, 0, PackedLinear.BlocksOf(_hidden)), worker, worker, StreamOf(_model.Layers[0].Query, 0));
    }

    private void EncoderLayer(int index, string producer)
    {
        var layer = _model.Layers[index];
        Project(layer, producer);
        var last = index + 1 == _model.Layers.Count;
        var firstOnly = last && !pass.Trace.IsOn;
        Attend(index, layer, firstOnly);
        var context = InputOf(layer.AttentionOutput, _buffers.Context, _buffers.HeadLayout);
        if (firstOnly) KeepFirstTokens(context);

        // [rows, H] -> [rows, H], plus the residual
        var up = StreamOf(layer.Intermediate, 0);
        Linear(Step(layer.AttentionOutput, context, _rows, AddResidual(layer.AttentionLayerNorm)) with
        {
            Claims = up,
            Following = FirstOf(layer.Intermediate),
        });
        Normalize(layer.AttentionLayerNorm, up);
        Record(layer.AttentionLayerNorm.Name, _rows, _hidden, _buffers.Layout, _buffers.Hidden);
        Record(layer.AttentionLayerNorm.Name, _rows, _hidden, up);

        // [rows, H] -> [rows, F] -> [rows, H], plus the residual
        var down = InputOf(layer.Output, _buffers.Up, _buffers.Layout);
        Linear(Step(layer.Intermediate, up, _rows, LinearOutput.Gelu(down)) with { Following = FirstOf(layer.Output), Claims = down });
        Record(layer.Intermediate.Name, _rows, _model.Architecture.Intermediate, down);
        Codes? next = last ? null : StreamOf(_model.Layers[index + 1].Query, 0);
        Linear(Step(layer.Output, down, _rows, AddResidual(layer.OutputLayerNorm)) with
        {
            Claims = next,
            Following = FirstOf(last ? _model.Pooler : _model.Layers[index + 1].Query),
        });
        Normalize(layer.OutputLayerNorm, next);
        Record(layer.OutputLayerNorm.Name, _rows, _hidden, _buffers.Layout, _buffers.Hidden);
    }

    // To the residual stream, in place, for this LayerNorm
    private LinearOutput AddResidual(PackedLayerNorm norm) => LinearOutput.AddResidual(_buffers.FixedHidden, _buffers.Hidden, _buffers.Layout, norm.GridScale);

    // Query, key and value codes: [T, H] -> [T, H] each
    private void Project(CpuLayer layer, string producer)
    {
        // The previous LayerNorm wrote the query's input codes; key and value read the same unless a mixed-precision
        // model gave them another quantizer.
        var query = StreamOf(layer.Query, 0);
        var key = Reads(layer.Key, query) ? query : StreamOf(layer.Key, 1);
        var value = Reads(layer.Value, query) ? query : Reads(layer.Value, key) ? key : StreamOf(layer.Value, 2);
        Requantize(query, key, value);
        Record(producer, _tokens, _hidden, query);
        var (queries, keys, values) = AttentionInputs(layer);
        _steps[0] = Step(layer.Query, query, _tokens, LinearOutput.Quantize(queries)) with { Following = FirstOf(layer.Key) };
        _steps[1] = Step(layer.Key, key, _tokens, LinearOutput.Quantize(keys)) with { Following = FirstOf(layer.Value) };
        _steps[2] = Step(layer.Value, value, _tokens, LinearOutput.Quantize(values)) with
        {
            Following = FirstOf(layer.AttentionOutput),
            Claims = InputOf(layer.AttentionOutput, _buffers.Context, _buffers.HeadLayout),
        };
        RunSteps(3);
        Record(layer.Query.Name, _tokens, _hidden, queries);
        Record(layer.Key.Name, _tokens, _hidden, keys);
        Record(layer.Value.Name, _tokens, _hidden, values);
    }

    // Queries are multiplied as they are, keys and values are packed as weights are.
    private (Codes Queries, Codes Keys, Codes Values) AttentionInputs(CpuLayer layer) => (
        _kernels.CodesOf(_buffers.Query, CodeWidth.Int8, layer.QueryOutput, _buffers.HeadLayout),
        new Codes((nint)_buffers.Key, CodeWidth.Int8, layer.KeyOutput, _buffers.HeadLayout),
        new Codes((nint)_buffers.Value, CodeWidth.Int8, layer.ValueOutput, _buffers.HeadLayout));

    private static bool Reads(PackedLinear layer, Codes codes) => codes.Width == layer.Width && codes.Quantizer == layer.Input;

    // Writes the input codes of key and value where they are not the query's.
    private void Requantize(Codes query, Codes key, Codes value)
    {
        var (ownKey, ownValue) = (key.Pointer != query.Pointer, value.Pointer != query.Pointer && value.Pointer != key.Pointer);
        if (!ownKey && !ownValue) return;
        Sync(); // Rows of the residual stream have come from other workers.
        var (begin, end) = WorkRange.Part(_tokens, worker, _workers);
        for (var t = begin; t < end; t++)
        {
            if (ownKey) Quantize(t, key, t);
            if (ownValue) Quantize(t, value, t);
        }
    }

    // Codes of the context: [T, H], or only the rows of first tokens in it
    private void Attend(int index, CpuLayer layer, bool firstOnly)
    {
        var a = _model.Architecture;
        var context = InputOf(layer.AttentionOutput, _buffers.Context, _buffers.HeadLayout);
        var (queries, keys, values) = AttentionInputs(layer);
        var arguments = new AttentionArguments
        {
            Query = queries,
            Key = keys,
            Value = values,
            HeadDim = a.HeadDim,
            ScoreMultiplier = IntegerSoftmax.ScoreMultiplier(layer.QueryOutput.Scale, layer.KeyOutput.Scale, a.HeadDim),
            Context = context,
        };
        // A head of a sequence is one item; queries are split only when there are fewer items than workers.
        var heads = Batch.Count * a.Heads;
        var split = (_workers + heads - 1) / heads;
        var shares = pass.Queues(_stage++).Heads;
        shares.Offer(worker, WorkRange.Part(heads * split, worker, _workers));
        Sync();
        // Sequences differ in length, so workers help each other; results do not depend on who does what.
        while (shares.TryTake(worker, _workers, out var item))
        {
            var (sequence, head) = Math.DivRem(item / split, a.Heads);
            var length = Batch.LengthOf(sequence);
            var (begin, end) = WorkRange.Part(firstOnly ? 1 : length, item % split, split);
            if (begin < end)
                _kernels.Attention(arguments, new AttentionWork(Batch.Offsets[sequence], length, head, begin, end), _scratch);
        }

        if (pass.Trace.IsOn) Record(ModuleNames.Context(index), _tokens, _hidden, context); // The name is made for it.
    }

    // Moves the rows of first tokens, in the context and in the residual stream, to the front: [T, H] -> [B, H]
    private void KeepFirstTokens(Codes context)
    {
        _rows = Batch.Count;
        if (_rows == 1) return;
        Sync();
        if (worker > 0) return; // The others wait before the next stage.
        for (var b = 1; b < Batch.Count; b++)
        {
            var from = Batch.Offsets[b]; // A sequence has at least one token: from >= b, so no row is lost.
            context.Layout.CopyRow((byte*)context.Pointer, from, (byte*)context.Pointer, context.Layout, b, _hidden, context.CodeBytes);
            _buffers.Layout.CopyRow((byte*)_buffers.Hidden, from, (byte*)_buffers.Hidden, _buffers.Layout, b, _hidden, sizeof(float));
        }
    }

    // Pooler and classifier over the first token of each sequence: [B, H] -> [B, H] -> [B, C]
    private void Head(string producer)
    {
        var first = InputOf(_model.Pooler, _buffers.First, _buffers.RowLayout);
        Sync(); // Rows of the residual stream have come from other workers.
        var (begin, end) = WorkRange.Part(Batch.Count, worker, _workers);
        for (var b = begin; b < end; b++)
        {
            var row = _rows == Batch.Count ? b : Batch.Offsets[b];
            Quantize(row, first, b);
        }

        Record(producer, Batch.Count, _hidden, first);
        var pooled = InputOf(_model.Classifier, _buffers.Pooled, _buffers.RowLayout);
        Linear(Step(_model.Pooler, first, Batch.Count, LinearOutput.Tanh(pooled)));
        Record(_model.Pooler.Name, Batch.Count, _hidden, pooled);
        var classes = PanelLayout.RowMajor(_model.Architecture.Classes);
        Linear(Step(_model.Classifier, pooled, Batch.Count, LinearOutput.Float(_buffers.Logits, classes)));
        Record(ModuleNames.Logits, Batch.Count, classes.Width, classes, _buffers.Logits);
    }

    // [rows, H] -> [rows, H], of rows whose sums the product before has left. Each worker takes the rows and columns that were its share of
    // the product: the residual stream stays in its cache.
    private void Normalize(PackedLayerNorm norm, Codes? codes)
    {
        var split = Split(_rows, PackedLinear.BlocksOf(_hidden));
        Sync();
        var (begin, end) = split.ShareOf(worker);
        while (begin < end)
        {
            var next = begin + split.SameRows(begin, end);
            Normalize(norm, split.Range(begin, next), 0, _workers - 1, codes);
            begin = next;
        }
    }

    // The sums of the rows were left by the workers first .. last.
    private void Normalize(PackedLayerNorm norm, WorkRange range, int first, int last, Codes? codes)
    {
        // Of all rows at once: sums come from other cores, and one by one each would be waited for.
        var statistics = (RowStatistics*)_scratch.Get((long)_rows * sizeof(RowStatistics));
        for (var t = range.RowBegin; t < range.RowEnd; t++)
        {
            var sums = default(RowSums);
            for (var w = first; w <= last; w++) sums += _buffers.Scratch[w].Sums[t];
            statistics[t] = norm.StatisticsOf(sums);
        }

        _kernels.Normalize(norm, statistics, _buffers.FixedHidden, _buffers.Layout, range, codes);
    }

    private void Linear(LinearStep step)
    {
        _steps[0] = step;
        RunSteps(1);
    }

    private void RunSteps(int count)
    {
        var queues = pass.Queues(_stage++).Products;
        for (var i = 0; i < count; i++) queues[i].Offer(_steps[i].Split, worker);
        if (_steps[0].Output.Kind == EpilogueKind.AddResidual) _scratch.ClearSums(_rows);
        Sync();
        PackedRows? packed = null; // Query, key and value read the same rows.
        // One's own share of every step first, and then what others have left.
        for (var i = 0; i < count; i++) _kernels.Linear(_steps[i], queues[i], worker, help: false, _scratch, ref packed);
        for (var i = count - 1; i >= 0; i--) _kernels.Linear(_steps[i], queues[i], worker, help: true, _scratch, ref packed);
    }

    // Codes of a row of the residual stream.
    private void Quantize(int row, Codes destination, int destinationRow)
    {
        var layout = _buffers.Layout;
        for (var c = 0; c < _hidden; c += layout.Width)
            _kernels.Quantize(_buffers.Hidden + layout.IndexOf(row, c), Math.Min(layout.Width, _hidden - c), destination.From(destination.Layout.IndexOf(destinationRow, c)));
    }
}
