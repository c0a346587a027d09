using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>Forward passes, one at a time: the stages of the model in order, each shared by the whole team.</summary>
/// <remarks>Sequences are concatenated and padding never exists: T is the number of real tokens. The classifier reads only the
/// first token of each sequence, so after the last layer's attention only those B rows are computed; with a trace all are.
/// What a stage works on stands in fields and its job is a delegate made once, so that a steady load allocates nothing.
/// Letters: T tokens, H hidden, F FFN size, B batch, C classes.</remarks>
internal sealed unsafe class ForwardPass
{
    // So many rows of words are on their way from memory while one is computed.
    private const int TokensAhead = 4;

    private readonly CpuModel _model;
    private readonly CpuSettings _settings;
    private readonly CpuKernels _kernels;
    private readonly WorkerTeam _team;
    private readonly RunBuffers _buffers;
    private readonly int _hidden;
    private readonly Action<int> _embed, _linear, _requantize, _attend, _normalize;

    private TokenBatch _batch = null!;
    private TraceRecorder _trace;
    private int _tokens;

    // Of the team, those that this pass keeps busy.
    private int _workers;

    // Rows of the residual stream: T, or B once only first tokens are left.
    private int _rows;

    // Of the stage that runs.
    private readonly LinearStep[] _steps = new LinearStep[3];
    private readonly BlockQueue[] _queues;
    private readonly WorkShares _heads;
    private int _stepCount;
    private AttentionStep _attention;
    private PackedLayerNorm? _norm;
    private Codes? _codes;

    /// <param name="model">Packed weights.</param>
    /// <param name="settings">The tier, and how many of the team a batch needs.</param>
    /// <param name="team">Who works.</param>
    public ForwardPass(CpuModel model, CpuSettings settings, WorkerTeam team)
    {
        _model = model;
        _settings = settings;
        _kernels = settings.Kernels;
        _team = team;
        _heads = new WorkShares(team.Workers);
        _queues = [new(team.Workers), new(team.Workers), new(team.Workers)];
        _buffers = new RunBuffers(model, team.Workers);
        _hidden = model.Architecture.Hidden;
        _embed = EmbedPart;
        _linear = LinearPart;
        _requantize = RequantizePart;
        _attend = AttendPart;
        _normalize = NormalizePart;
    }

    /// <summary>Runs the model.</summary>
    /// <param name="batch">B sequences.</param>
    /// <param name="trace">Receives intermediate tensors, when given.</param>
    /// <param name="logits">Receives [B, C].</param>
    public void Execute(TokenBatch batch, IActivationTrace? trace, Span<float> logits)
    {
        _batch = batch;
        _trace = new TraceRecorder(trace);
        _tokens = _rows = batch.TokenCount;
        _workers = _settings.ThreadsFor(_model.Architecture, _tokens);
        _buffers.Reserve(_tokens, batch.Count);
        _team.Run(_embed, _workers);
        var producer = _model.EmbeddingLayerNorm;
        _trace.Record(producer.Name, _tokens, _hidden, _buffers.Layout, _buffers.Hidden);
        for (var i = 0; i < _model.Layers.Count; i++)
        {
            EncoderLayer(i, producer.Name);
            producer = _model.Layers[i].OutputLayerNorm;
        }

        Head(producer.Name);
        new ReadOnlySpan<float>(_buffers.Logits, logits.Length).CopyTo(logits);
        _trace = default;
    }

    private Codes InputOf(PackedLinear layer, void* codes, PanelLayout layout) => _kernels.CodesOf(codes, layer.Width, layer.Input, layout);

    // Codes of the residual stream.
    private Codes StreamOf(PackedLinear layer, int slot) => InputOf(layer, (void*)_buffers.InputCodes[slot], _buffers.Layout);

    // Word, position and type embedding, LayerNorm, codes of layer 0: [T, H]
    private void EmbedPart(int worker)
    {
        var codes = StreamOf(_model.Layers[0].Query, 0);
        var layout = _buffers.Layout;
        var norm = _model.EmbeddingLayerNorm;
        var scratch = _buffers.Scratch[worker];
        scratch.ClearSums(_tokens);
        var (begin, end) = WorkRange.Part(_tokens, worker, _workers);
        var sequence = 0;
        for (var t = begin; t < end; t++)
        {
            while (_batch.Offsets[sequence + 1] <= t) sequence++;
            // Words come from anywhere in a table that no cache holds.
            if (t + TokensAhead < end) _model.WordEmbeddings.Fetch(_batch.InputIds[t + TokensAhead]);
            // A row of words is contiguous, one of the stream is not.
            var row = (int*)scratch.Get(_hidden * sizeof(int));
            scratch.Sums[t] = _kernels.Embedding(
                _model.WordEmbeddings.Row(_batch.InputIds[t]),
                _model.PositionEmbeddings.Row(t - _batch.Offsets[sequence]),
                _model.TokenTypeEmbeddings.Row(_batch.TokenTypeIds[t]), _hidden, norm.GridScale, row);
            PanelLayout.RowMajor(_hidden).CopyRow((byte*)row, 0, (byte*)_buffers.FixedHidden, layout, t, _hidden, sizeof(int));
        }

        Normalize(norm, new WorkRange(begin, end, 0, PackedLinear.BlocksOf(_hidden)), worker, worker, worker, codes);
    }

    private void EncoderLayer(int index, string producer)
    {
        var layer = _model.Layers[index];
        Project(layer, producer);
        var last = index + 1 == _model.Layers.Count;
        var firstOnly = last && !_trace.IsOn;
        Attend(index, layer, firstOnly);
        var context = InputOf(layer.AttentionOutput, _buffers.Context, _buffers.HeadLayout);
        if (firstOnly) KeepFirstTokens(context);

        // [rows, H] -> [rows, H], plus the residual
        Linear(new LinearStep(layer.AttentionOutput, context, _rows, AddResidual(layer.AttentionLayerNorm))
        {
            Claims = StreamOf(layer.Intermediate, 0),
            Following = layer.Intermediate,
        });
        var up = StreamOf(layer.Intermediate, 0);
        Normalize(layer.AttentionLayerNorm, up);
        _trace.Record(layer.AttentionLayerNorm.Name, _rows, _hidden, _buffers.Layout, _buffers.Hidden);
        _trace.Record(layer.AttentionLayerNorm.Name, _rows, _hidden, up);

        // [rows, H] -> [rows, F] -> [rows, H], plus the residual
        var down = InputOf(layer.Output, _buffers.Up, _buffers.Layout);
        Linear(new LinearStep(layer.Intermediate, up, _rows, LinearOutput.Gelu(down)) { Following = layer.Output, Claims = down });
        _trace.Record(layer.Intermediate.Name, _rows, _model.Architecture.Intermediate, down);
        Linear(new LinearStep(layer.Output, down, _rows, AddResidual(layer.OutputLayerNorm))
        {
            Claims = last ? null : StreamOf(_model.Layers[index + 1].Query, 0),
            Following = last ? _model.Pooler : _model.Layers[index + 1].Query,
        });
        Normalize(layer.OutputLayerNorm, last ? null : StreamOf(_model.Layers[index + 1].Query, 0));
        _trace.Record(layer.OutputLayerNorm.Name, _rows, _hidden, _buffers.Layout, _buffers.Hidden);
    }

    // To the residual stream, in place, for this LayerNorm
    private LinearOutput AddResidual(PackedLayerNorm norm) => LinearOutput.AddResidual(_buffers.FixedHidden, _buffers.Hidden, _buffers.Layout, norm.GridScale);

    // Query, key and value codes: [T, H] -> [T, H] each
    private void Project(CpuLayer layer, string producer)
    {
        // The previous LayerNorm wrote the query's input codes; key and value read the same unless a mixed-precision
        // model gave them another quantizer.
        var query = StreamOf(layer.Query, 0);
        var key = InputCodes(layer.Key, 1, [query]);
        var value = InputCodes(layer.Value, 2, [query, key]);
        _trace.Record(producer, _tokens, _hidden, query);
        var (queries, keys, values) = AttentionInputs(layer);
        _steps[0] = new LinearStep(layer.Query, query, _tokens, LinearOutput.Quantize(queries)) { Following = layer.Key };
        _steps[1] = new LinearStep(layer.Key, key, _tokens, LinearOutput.Quantize(keys)) { Following = layer.Value };
        _steps[2] = new LinearStep(layer.Value, value, _tokens, LinearOutput.Quantize(values)) { Following = layer.AttentionOutput, Claims = InputOf(layer.AttentionOutput, _buffers.Context, _buffers.HeadLayout) };
        RunSteps(3);
        _trace.Record(layer.Query.Name, _tokens, _hidden, queries);
        _trace.Record(layer.Key.Name, _tokens, _hidden, keys);
        _trace.Record(layer.Value.Name, _tokens, _hidden, values);
    }

    // Queries are multiplied as they are, keys and values are packed as weights are.
    private (Codes Queries, Codes Keys, Codes Values) AttentionInputs(CpuLayer layer) => (
        _kernels.CodesOf(_buffers.Query, CodeWidth.Int8, layer.QueryOutput, _buffers.HeadLayout),
        new Codes((nint)_buffers.Key, CodeWidth.Int8, layer.KeyOutput, _buffers.HeadLayout),
        new Codes((nint)_buffers.Value, CodeWidth.Int8, layer.ValueOutput, _buffers.HeadLayout));

    private Codes InputCodes(PackedLinear layer, int slot, ReadOnlySpan<Codes> existing)
    {
        foreach (var codes in existing)
            if (codes.Width == layer.Width && codes.Quantizer == layer.Input) return codes;
        var own = StreamOf(layer, slot);
        _codes = own;
        _team.Run(_requantize, _workers);
        return own;
    }

    private void RequantizePart(int worker)
    {
        var (begin, end) = WorkRange.Part(_tokens, worker, _workers);
        for (var t = begin; t < end; t++) Quantize(t, _codes!.Value, t);
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
        var heads = _batch.Count * a.Heads;
        _attention = new AttentionStep(arguments, (_workers + heads - 1) / heads, firstOnly);
        _heads.Fill(heads * _attention.Split, _workers);
        _team.Run(_attend, _workers);
        if (_trace.IsOn) _trace.Record(ModuleNames.Context(index), _tokens, _hidden, context); // The name is made for it.
    }

    private void AttendPart(int worker)
    {
        var step = _attention;
        // Sequences differ in length, so workers help each other; results do not depend on who does what.
        while (_heads.TryTake(worker, out var item))
        {
            var (sequence, head) = Math.DivRem(item / step.Split, _model.Architecture.Heads);
            var length = _batch.LengthOf(sequence);
            var (begin, end) = WorkRange.Part(step.FirstOnly ? 1 : length, item % step.Split, step.Split);
            if (begin < end)
                _kernels.Attention(step.Arguments, new AttentionWork(_batch.Offsets[sequence], length, head, begin, end), _buffers.Scratch[worker]);
        }
    }

    // Moves the rows of first tokens, in the context and in the residual stream, to the front: [T, H] -> [B, H]
    private void KeepFirstTokens(Codes context)
    {
        for (var b = 1; b < _batch.Count; b++)
        {
            var from = _batch.Offsets[b]; // A sequence has at least one token: from >= b, so no row is lost.
            context.Layout.CopyRow((byte*)context.Pointer, from, (byte*)context.Pointer, context.Layout, b, _hidden, context.CodeBytes);
            _buffers.Layout.CopyRow((byte*)_buffers.Hidden, from, (byte*)_buffers.Hidden, _buffers.Layout, b, _hidden, sizeof(float));
        }

        _rows = _batch.Count;
    }

    // Pooler and classifier over the first token of each sequence: [B, H] -> [B, H] -> [B, C]
    private void Head(string producer)
    {
        var first = InputOf(_model.Pooler, _buffers.First, _buffers.RowLayout);
        for (var b = 0; b < _batch.Count; b++)
        {
            var row = _rows == _batch.Count ? b : _batch.Offsets[b];
            Quantize(row, first, b);
        }

        _trace.Record(producer, _batch.Count, _hidden, first);
        var pooled = InputOf(_model.Classifier, _buffers.Pooled, _buffers.RowLayout);
        Linear(new LinearStep(_model.Pooler, first, _batch.Count, LinearOutput.Tanh(pooled)));
        _trace.Record(_model.Pooler.Name, _batch.Count, _hidden, pooled);
        var classes = _model.Architecture.Classes;
        Linear(new LinearStep(_model.Classifier, pooled, _batch.Count, LinearOutput.Float(_buffers.Logits, PanelLayout.RowMajor(classes))));
        _trace.Record(ModuleNames.Logits, _batch.Count, classes, PanelLayout.RowMajor(classes), _buffers.Logits);
    }

    // [rows, H] -> [rows, H], of rows whose sums the product before has left
    private void Normalize(PackedLayerNorm norm, Codes? codes)
    {
        _norm = norm;
        _codes = codes;
        _queues[0].Fill(_rows, PackedLinear.BlocksOf(_hidden), _kernels.BlocksPerTile, _workers);
        _team.Run(_normalize, _workers);
    }

    // Each worker takes the rows and columns that were its share of the product: the residual stream stays in its cache.
    private void NormalizePart(int worker)
    {
        while (_queues[0].TryTakeShare(worker, out var range)) Normalize(_norm!, range, 0, _workers - 1, worker, _codes);
    }

    // The sums of the rows were left by the workers first .. last.
    private void Normalize(PackedLayerNorm norm, WorkRange range, int first, int last, int worker, Codes? codes)
    {
        // Of all rows at once: sums come from other cores, and one by one each would be waited for.
        var statistics = (RowStatistics*)_buffers.Scratch[worker].Get((long)_rows * sizeof(RowStatistics));
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
        _stepCount = count;
        for (var i = 0; i < count; i++) _queues[i].Fill(_steps[i].Rows, _steps[i].Layer.Blocks, _kernels.BlocksPerTile, _workers);
        _team.Run(_linear, _workers);
    }

    private void LinearPart(int worker)
    {
        var scratch = _buffers.Scratch[worker];
        if (_steps[0].Output.Kind == EpilogueKind.AddResidual) scratch.ClearSums(_rows);
        PackedRows? packed = null; // Query, key and value read the same rows.
        // One's own share of every step first, and then what others have left.
        for (var i = 0; i < _stepCount; i++) _kernels.Linear(_steps[i], _queues[i], worker, help: false, scratch, ref packed);
        for (var i = _stepCount - 1; i >= 0; i--) _kernels.Linear(_steps[i], _queues[i], worker, help: true, scratch, ref packed);
    }

    // Codes of a row of the residual stream.
    private void Quantize(int row, Codes destination, int destinationRow)
    {
        var layout = _buffers.Layout;
        for (var c = 0; c < _hidden; c += layout.Width)
            _kernels.Quantize(_buffers.Hidden + layout.IndexOf(row, c), Math.Min(layout.Width, _hidden - c), destination.From(destination.Layout.IndexOf(destinationRow, c)));
    }

    /// <param name="Arguments">Of every piece of work.</param>
    /// <param name="Split">Parts into which the queries of a head are split.</param>
    /// <param name="FirstOnly">Only the query of each first token.</param>
    private readonly record struct AttentionStep(AttentionArguments Arguments, int Split, bool FirstOnly);
}
