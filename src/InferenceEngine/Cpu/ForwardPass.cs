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
    // Projection, attention, its output, LayerNorm, two FFN products, LayerNorm.
    private const int StagesPerLayer = 7;

    private readonly CpuModel _model;
    private readonly CpuKernels _kernels;
    private readonly WorkerTeam _team;
    private readonly RunBuffers _buffers;
    private readonly int _workPerThread;
    private readonly int _hidden;
    private readonly Action<int> _embed, _linear, _requantize, _attend, _normalize;

    private TokenBatch _batch = null!;
    private IActivationTrace? _trace;
    private int _tokens;

    // Of the team, those that this pass keeps busy.
    private int _workers;

    // Rows of the residual stream: T, or B once only first tokens are left.
    private int _rows;

    // Of the stage that runs.
    private readonly LinearStep[] _steps = new LinearStep[3];
    private readonly BlockQueue[] _queues = [new(), new(), new()];
    private int _stepCount;
    private AttentionStep _attention;
    private int _nextHead;
    private PackedLayerNorm? _norm;
    private Codes? _codes;

    /// <param name="model">Packed weights.</param>
    /// <param name="kernels">The tier.</param>
    /// <param name="team">Who works.</param>
    /// <param name="workPerThread">See <see cref="SessionOptions.WorkPerThread"/>.</param>
    public ForwardPass(CpuModel model, CpuKernels kernels, WorkerTeam team, int workPerThread)
    {
        _workPerThread = workPerThread;
        _model = model;
        _kernels = kernels;
        _team = team;
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
        _trace = trace;
        _tokens = _rows = batch.TokenCount;
        _workers = UsefulWorkers();
        _buffers.Reserve(_tokens, batch.Count);
        _team.Run(_embed, _workers);
        var producer = _model.EmbeddingLayerNorm;
        Record(producer.Name, _tokens, _hidden, _buffers.Hidden);
        for (var i = 0; i < _model.Layers.Count; i++)
        {
            EncoderLayer(i, producer.Name);
            producer = _model.Layers[i].OutputLayerNorm;
        }

        Head(producer.Name);
        new ReadOnlySpan<float>(_buffers.Logits, logits.Length).CopyTo(logits);
        _trace = null;
    }

    private int UsefulWorkers()
    {
        if (_workPerThread == 0) return _team.Workers;
        var a = _model.Architecture;
        var perStage = (double)_tokens * a.Hidden * (4 * a.Hidden + 2 * a.Intermediate) / StagesPerLayer;
        return (int)Math.Clamp(perStage / _workPerThread, 1, _team.Workers);
    }

    private static Codes InputOf(PackedLinear layer, void* codes) => new((nint)codes, layer.Width, layer.Input);

    // Word, position and type embedding, LayerNorm, codes of layer 0: [T, H]
    private void EmbedPart(int worker)
    {
        var codes = InputOf(_model.Layers[0].Query, (void*)_buffers.InputCodes[0]);
        var (begin, end) = WorkRange.Part(_tokens, worker, _workers);
        var sequence = 0;
        for (var t = begin; t < end; t++)
        {
            while (_batch.Offsets[sequence + 1] <= t) sequence++;
            var row = _buffers.Hidden + (nint)t * _hidden;
            _kernels.Embedding(
                _model.WordEmbeddings.Row(_batch.InputIds[t]),
                _model.PositionEmbeddings.Row(t - _batch.Offsets[sequence]),
                _model.TokenTypeEmbeddings.Row(_batch.TokenTypeIds[t]), _hidden, row);
            _kernels.LayerNorm(_model.EmbeddingLayerNorm, row, row, _buffers.Scratch[worker]);
            QuantizeRow(row, codes, t);
        }
    }

    private void EncoderLayer(int index, string producer)
    {
        var layer = _model.Layers[index];
        Project(layer, producer);
        var last = index + 1 == _model.Layers.Count;
        var firstOnly = last && _trace is null;
        Attend(index, layer, firstOnly);
        var context = InputOf(layer.AttentionOutput, _buffers.Context);
        if (firstOnly) KeepFirstTokens(context);

        // [rows, H] -> [rows, H], plus the residual
        Linear(layer.AttentionOutput, context, _rows, LinearOutput.AddResidual(_buffers.Sum, _buffers.Hidden, _hidden));
        var up = InputOf(layer.Intermediate, (void*)_buffers.InputCodes[0]);
        Normalize(layer.AttentionLayerNorm, up);
        Record(layer.AttentionLayerNorm.Name, _rows, _hidden, _buffers.Hidden);
        Record(layer.AttentionLayerNorm.Name, _rows, _hidden, up);

        // [rows, H] -> [rows, F] -> [rows, H], plus the residual
        var down = InputOf(layer.Output, _buffers.Up);
        Linear(layer.Intermediate, up, _rows, Gelu(down, _model.Architecture.Intermediate));
        Record(layer.Intermediate.Name, _rows, _model.Architecture.Intermediate, down);
        Linear(layer.Output, down, _rows, LinearOutput.AddResidual(_buffers.Sum, _buffers.Hidden, _hidden));
        Normalize(layer.OutputLayerNorm, last ? null : InputOf(_model.Layers[index + 1].Query, (void*)_buffers.InputCodes[0]));
        Record(layer.OutputLayerNorm.Name, _rows, _hidden, _buffers.Hidden);
    }

    // Query, key and value codes: [T, H] -> [T, H] each
    private void Project(CpuLayer layer, string producer)
    {
        // The previous LayerNorm wrote the query's input codes; key and value read the same unless a mixed-precision
        // model gave them another quantizer.
        var query = InputOf(layer.Query, (void*)_buffers.InputCodes[0]);
        var key = InputCodes(layer.Key, 1, [query]);
        var value = InputCodes(layer.Value, 2, [query, key]);
        Record(producer, _tokens, _hidden, query);
        var queryOutput = LinearOutput.Int8(_buffers.Query, _hidden, layer.QueryOutput.InverseScale);
        var keyOutput = LinearOutput.Int8(_buffers.Key, _hidden, layer.KeyOutput.InverseScale);
        var valueOutput = LinearOutput.Int8(_buffers.Value, _hidden, layer.ValueOutput.InverseScale);
        _steps[0] = new LinearStep(layer.Query, query, _tokens, queryOutput);
        _steps[1] = new LinearStep(layer.Key, key, _tokens, keyOutput);
        _steps[2] = new LinearStep(layer.Value, value, _tokens, valueOutput);
        RunSteps(3);
        Record(layer.Query.Name, _buffers.Query);
        Record(layer.Key.Name, _buffers.Key);
        Record(layer.Value.Name, _buffers.Value);
    }

    private Codes InputCodes(PackedLinear layer, int slot, ReadOnlySpan<Codes> existing)
    {
        foreach (var codes in existing)
            if (codes.Width == layer.Width && codes.Quantizer == layer.Input) return codes;
        var own = InputOf(layer, (void*)_buffers.InputCodes[slot]);
        _codes = own;
        _team.Run(_requantize, _workers);
        return own;
    }

    private void RequantizePart(int worker)
    {
        var (begin, end) = WorkRange.Part(_tokens, worker, _workers);
        for (var t = begin; t < end; t++) QuantizeRow(_buffers.Hidden + (nint)t * _hidden, _codes!.Value, t);
    }

    // Codes of the context: [T, H], or only the rows of first tokens in it
    private void Attend(int index, CpuLayer layer, bool firstOnly)
    {
        var a = _model.Architecture;
        var context = InputOf(layer.AttentionOutput, _buffers.Context);
        var arguments = new AttentionArguments
        {
            Query = _buffers.Query,
            Key = _buffers.Key,
            Value = _buffers.Value,
            Hidden = _hidden,
            HeadDim = a.HeadDim,
            ScoreMultiplier = IntegerSoftmax.ScoreMultiplier(layer.QueryOutput.Scale, layer.KeyOutput.Scale, a.HeadDim),
            ValueScale = layer.ValueOutput.Scale,
            Context = context,
        };
        // A head of a sequence is one item; queries are split only when there are fewer items than workers.
        var heads = _batch.Count * a.Heads;
        _attention = new AttentionStep(arguments, heads, (_workers + heads - 1) / heads, firstOnly);
        _nextHead = 0;
        _team.Run(_attend, _workers);
        if (_trace is not null) Record(ModuleNames.Context(index), _tokens, _hidden, context);
    }

    private void AttendPart(int worker)
    {
        var step = _attention;
        // Sequences differ in length, so workers take the next item when they are free; results do not depend on who does it.
        int item;
        while ((item = Interlocked.Increment(ref _nextHead) - 1) < step.Heads * step.Split)
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
        var contextBytes = _hidden * (context.Width == CodeWidth.Int8 ? sizeof(sbyte) : sizeof(short));
        for (var b = 1; b < _batch.Count; b++)
        {
            nint from = _batch.Offsets[b], to = b; // A sequence has at least one token: to <= from, so no row is lost.
            Buffer.MemoryCopy(context.Int8 + from * contextBytes, context.Int8 + to * contextBytes, contextBytes, contextBytes);
            Buffer.MemoryCopy(_buffers.Hidden + from * _hidden, _buffers.Hidden + to * _hidden, _hidden * sizeof(float), _hidden * sizeof(float));
        }

        _rows = _batch.Count;
    }

    // Pooler and classifier over the first token of each sequence: [B, H] -> [B, H] -> [B, C]
    private void Head(string producer)
    {
        var first = InputOf(_model.Pooler, _buffers.First);
        for (var b = 0; b < _batch.Count; b++)
        {
            var row = _rows == _batch.Count ? b : _batch.Offsets[b];
            QuantizeRow(_buffers.Hidden + (nint)row * _hidden, first, b);
        }

        Record(producer, _batch.Count, _hidden, first);
        var pooled = InputOf(_model.Classifier, _buffers.Pooled);
        Linear(_model.Pooler, first, _batch.Count, LinearOutput.TanhInt16(_buffers.Pooled, _hidden, _model.Classifier.Input.InverseScale));
        Record(_model.Pooler.Name, _batch.Count, _hidden, pooled);
        var classes = _model.Architecture.Classes;
        Linear(_model.Classifier, pooled, _batch.Count, LinearOutput.Float(_buffers.Logits, classes));
        Record(ModuleNames.Logits, _batch.Count, classes, _buffers.Logits);
    }

    private void Normalize(PackedLayerNorm norm, Codes? codes)
    {
        _norm = norm;
        _codes = codes;
        _team.Run(_normalize, _workers);
    }

    private void NormalizePart(int worker)
    {
        var (begin, end) = WorkRange.Part(_rows, worker, _workers);
        for (var t = begin; t < end; t++)
        {
            var row = _buffers.Hidden + (nint)t * _hidden;
            _kernels.LayerNorm(_norm!, _buffers.Sum + (nint)t * _hidden, row, _buffers.Scratch[worker]);
            if (_codes is { } destination) QuantizeRow(row, destination, t);
        }
    }

    private void Linear(PackedLinear layer, Codes input, int rows, LinearOutput output)
    {
        _steps[0] = new LinearStep(layer, input, rows, output);
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
        PackedRows? packed = null; // Query, key and value read the same rows.
        for (var i = 0; i < _stepCount; i++)
        {
            ref readonly var step = ref _steps[i];
            _kernels.Linear(step.Layer, (void*)step.Input.Pointer, step.Output, _queues[i], _buffers.Scratch[worker], ref packed);
        }
    }

    private static LinearOutput Gelu(Codes codes, int stride) => codes.Width == CodeWidth.Int8
        ? LinearOutput.GeluInt8(codes.Int8, stride, codes.Quantizer.InverseScale)
        : LinearOutput.GeluInt16(codes.Int16, stride, codes.Quantizer.InverseScale);

    private void QuantizeRow(float* source, Codes destination, int row)
    {
        var offset = (nint)row * _hidden;
        if (destination.Width == CodeWidth.Int8)
            _kernels.QuantizeInt8(source, _hidden, destination.Quantizer.InverseScale, destination.Int8 + offset);
        else
            _kernels.QuantizeInt16(source, _hidden, destination.Quantizer.InverseScale, destination.Int16 + offset);
    }

    private void Record(string name, int rows, int columns, float* values) =>
        _trace?.Record(name, rows, columns, new ReadOnlySpan<float>(values, rows * columns));

    private void Record(string name, sbyte* codes) =>
        _trace?.Record(name, _tokens, _hidden, new ReadOnlySpan<sbyte>(codes, _tokens * _hidden));

    private void Record(string name, int rows, int columns, Codes codes)
    {
        if (codes.Width == CodeWidth.Int8) _trace?.Record(name, rows, columns, new ReadOnlySpan<sbyte>(codes.Int8, rows * columns));
        else _trace?.Record(name, rows, columns, new ReadOnlySpan<short>(codes.Int16, rows * columns));
    }

    private readonly record struct LinearStep(PackedLinear Layer, Codes Input, int Rows, LinearOutput Output);

    /// <param name="Arguments">Of every piece of work.</param>
    /// <param name="Heads">Heads of all sequences together.</param>
    /// <param name="Split">Parts into which the queries of a head are split.</param>
    /// <param name="FirstOnly">Only the query of each first token.</param>
    private readonly record struct AttentionStep(AttentionArguments Arguments, int Heads, int Split, bool FirstOnly);
}
