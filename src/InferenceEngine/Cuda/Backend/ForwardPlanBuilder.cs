using System.Runtime.InteropServices;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Cuda.Plans;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>Lays out the launches of a pass over one bucket.</summary>
internal sealed class ForwardPlanBuilder(ICudaDriver driver, CudaModel model, CudaArena arena, KernelSet kernels, CudaDevice device, GemmPlanner planner, Bucket bucket)
{
    // Programmatic dependent launch: the hardware, and the CUDA version whose graphs keep it.
    private const int OverlapCapability = 90;
    private const int OverlapDriverVersion = 12030;

    private readonly List<ForwardStep> _steps = [];
    private readonly Dictionary<GemmProblem, GemmPlan> _gemms = [];
    private readonly BertArchitecture _a = model.Architecture;
    private readonly int _pitch = model.HiddenPitch;

    /// <summary>Plans the pass; kernels that it needs are loaded.</summary>
    public ForwardPlan Build()
    {
        Embedding();
        var output = CudaModel.CodesOf(model.Layers[0].Source.AttentionOutput);
        var attention = AttentionPlan.For(device, bucket, _a.Heads, _a.HeadDim, output);
        for (var i = 0; i < model.Layers.Count; i++) EncoderLayer(i);
        Head();
        return new ForwardPlan(bucket, _steps, [.. _gemms.Values], attention);
    }

    private int Tokens => bucket.Tokens;

    private DeviceRange Codes(CodeWidth width) => width == CodeWidth.Int8 ? arena.Codes8 : arena.Codes16;

    // int32 parts of the input block.
    private ulong InputAt(long element) => arena.Input.Address + (ulong)(element * sizeof(int));

    private ulong FirstTokens => InputAt(3L * bucket.Tokens);

    private ulong Offsets => InputAt(3L * bucket.Tokens + bucket.Sequences);

    // [T] ids -> hidden float [T, H] and its codes
    private void Embedding()
    {
        var parameters = new EmbeddingParameters
        {
            Word = model.Word.Parameters,
            Position = model.Position.Parameters,
            Type = model.Type.Parameters,
            Ids = InputAt(0),
            Types = InputAt(Tokens),
            Positions = InputAt(2L * Tokens),
            Norm = NormParameters(model.EmbeddingLayerNorm, default),
        };
        Add(KernelLibrary.Embedding(_a.Hidden), new Dim3(Tokens), parameters, $"embeddings [{Tokens}, {_a.Hidden}]",
            NormTraces(model.EmbeddingLayerNorm, model.Layers[0].QueryWidth));
    }

    private void EncoderLayer(int index)
    {
        var layer = model.Layers[index];
        var source = layer.Source;

        // hidden codes [T, H] -> query, key, value codes [T, H] each
        for (var i = 0; i < layer.Projections.Count; i++)
        {
            var (linear, slot) = layer.Projections[i];
            var traces = i + 1 < layer.Projections.Count ? [] : CudaSupport.Projections(source).Select((p, n) =>
                new TracePoint(p.Name, arena.Projections, n * _pitch, OutputType.Int8, 3 * _pitch, _a.Hidden, TraceRows.Tokens)).ToArray();
            Gemm(linear, Codes(linear.Width), _pitch, arena.Projections.Slice(slot * _pitch, arena.Projections.Bytes - slot * _pitch), 3 * _pitch, default, traces);
        }

        Attention(index, source);

        // context codes [T, H] + hidden -> sum float [T, H] -> hidden float and codes
        Gemm(layer.AttentionOutput, arena.Context, _pitch, arena.Sum, _pitch, arena.Hidden);
        Norm(layer.AttentionLayerNorm, layer.Intermediate.Width);

        // hidden codes [T, H] -> GELU codes [T, F] -> sum float [T, H] -> hidden float and codes
        var up = new TracePoint(source.Intermediate.Name, arena.Up, 0, CudaModel.CodesOf(source.Output), model.IntermediatePitch, _a.Intermediate, TraceRows.Tokens);
        Gemm(layer.Intermediate, Codes(layer.Intermediate.Width), _pitch, arena.Up, model.IntermediatePitch, default, up);
        Gemm(layer.Output, arena.Up, model.IntermediatePitch, arena.Sum, _pitch, arena.Hidden);
        if (index + 1 < model.Layers.Count) Norm(layer.OutputLayerNorm, model.Layers[index + 1].QueryWidth);
        else Norm(layer.OutputLayerNorm, model.Pooler.Width, TraceRows.FirstTokens);
    }

    // query, key, value codes -> context codes [T, H]
    private void Attention(int index, QuantizedEncoderLayer source)
    {
        var output = CudaModel.CodesOf(source.AttentionOutput);
        var plan = AttentionPlan.For(device, bucket, _a.Heads, _a.HeadDim, output);
        var parameters = new AttentionParameters
        {
            Q = arena.Projections.Address,
            K = arena.Projections.Address + (ulong)_pitch,
            V = arena.Projections.Address + 2 * (ulong)_pitch,
            Offsets = Offsets,
            Context = arena.Context.Address,
            ScoreMultiplier = IntegerSoftmax.ScoreMultiplier(source.QueryOutput.Scale, source.KeyOutput.Scale, _a.HeadDim),
            ValueScale = source.ValueOutput.Scale,
            Inverse = source.AttentionOutput.Input.InverseScale,
            QkvPitch = 3 * _pitch,
            ContextPitch = _pitch,
        };
        // Scores and context of every pair of tokens of the longest length, for all sequences of the bucket.
        var operations = 4.0 * bucket.Sequences * bucket.Length * bucket.Length * _a.Hidden;
        Add(plan.Definition, new Dim3(plan.Grid.X, plan.Grid.Y, plan.Grid.Z), parameters,
            $"{ModuleNames.Context(index)} of {bucket}, {_a.Heads} heads of {_a.HeadDim}", plan.Shape.ToString(), operations,
            new TracePoint(ModuleNames.Context(index), arena.Context, 0, output, _pitch, _a.Hidden, TraceRows.Tokens));
    }

    // codes of the first tokens [B, H] -> tanh codes [B, H] -> logits [B, C]
    private void Head()
    {
        Gemm(model.Pooler, Codes(model.Pooler.Width), _pitch, arena.Pooled, _pitch, default, bucket.Sequences, FirstTokens,
            new TracePoint(model.Pooler.Name, arena.Pooled, 0, OutputType.Int16, _pitch, _a.Hidden, TraceRows.Sequences));
        Gemm(model.Classifier, arena.Pooled, _pitch, arena.Logits, model.ClassesPitch, default, bucket.Sequences, 0,
            new TracePoint(ModuleNames.Logits, arena.Logits, 0, OutputType.Float32, model.ClassesPitch, _a.Classes, TraceRows.Sequences));
    }

    private void Norm(DeviceLayerNorm norm, CodeWidth consumer, TraceRows codeRows = TraceRows.Tokens) =>
        Add(KernelLibrary.LayerNorm(_a.Hidden), new Dim3(Tokens), NormParameters(norm, arena.Sum), $"{norm.Name} [{Tokens}, {_a.Hidden}]",
            NormTraces(norm, consumer, codeRows));

    private LayerNormParameters NormParameters(DeviceLayerNorm norm, DeviceRange sum) => new()
    {
        R = sum.Memory is null ? 0 : sum.Address,
        Gamma = norm.Gamma.Address,
        Beta = norm.Beta.Address,
        H = arena.Hidden.Address,
        Codes8 = norm.Inverse8 == 0 ? 0 : arena.Codes8.Address,
        Codes16 = norm.Inverse16 == 0 ? 0 : arena.Codes16.Address,
        Grid = norm.Grid,
        Epsilon = norm.Epsilon,
        Inverse8 = norm.Inverse8,
        Inverse16 = norm.Inverse16,
        Pitch = _pitch,
        Codes8Pitch = _pitch,
        Codes16Pitch = _pitch,
    };

    private TracePoint[] NormTraces(DeviceLayerNorm norm, CodeWidth consumer, TraceRows codeRows = TraceRows.Tokens) =>
    [
        new(norm.Name, arena.Hidden, 0, OutputType.Float32, _pitch, _a.Hidden, TraceRows.Tokens),
        new(norm.Name, Codes(consumer), 0, consumer == CodeWidth.Int8 ? OutputType.Int8 : OutputType.Int16, _pitch, _a.Hidden, codeRows),
    ];

    private void Gemm(DeviceLinear linear, DeviceRange x, int xPitch, DeviceRange y, int yPitch, DeviceRange residual, params TracePoint[] traces) =>
        Gemm(linear, x, xPitch, y, yPitch, residual, Tokens, 0, traces);

    private void Gemm(DeviceLinear linear, DeviceRange x, int xPitch, DeviceRange y, int yPitch, DeviceRange residual, int rows, ulong rowIndex, params TracePoint[] traces)
    {
        var parameters = new GemmParameters
        {
            X = x.Address,
            RowIndex = rowIndex,
            Weight = linear.Weight.Address,
            Multiplier = linear.Multiplier.Address,
            Bias = linear.Bias.Address,
            Inverse = linear.Inverse.Address,
            Residual = residual.Memory is null ? 0 : residual.Address,
            Y = y.Address,
            Partial = arena.Partial.Address,
            Arrivals = arena.Arrivals.Address,
            Tokens = rows,
            Features = linear.Out,
            Depth = linear.In,
            XPitch = xPitch,
            YPitch = yPitch,
            ResidualPitch = _pitch,
        };
        if (linear.Width == CodeWidth.Int16)
        {
            Add(KernelLibrary.GemmInt16(linear.Epilogue), new Dim3((linear.Out + 3) / 4, rows), parameters,
                $"{linear.Name} X[{rows}, {linear.In}] W[{linear.Out}, {linear.In}] int16", traces);
            return;
        }

        var problem = new GemmProblem(rows, linear.Out, linear.In, linear.Sparse24, linear.Epilogue, rowIndex != 0);
        if (!_gemms.TryGetValue(problem, out var plan)) _gemms.Add(problem, plan = planner.Plan(problem));
        var definition = plan.Choice.Define(problem);
        var grid = plan.Choice.Grid(problem);
        var blocks = new Dim3(grid.X, grid.Y, grid.Z);
        var operations = 2.0 * rows * linear.Out * linear.In;
        var (shapes, choice) = ($"{linear.Name} {problem}", plan.Choice.ToString());
        if (plan.Choice is WarpgroupChoice { Tile: var tile }) Add(definition, blocks, WithTensor(parameters, x, tile), shapes, choice, operations, traces);
        else Add(definition, blocks, parameters, shapes, choice, operations, traces);
    }

    private GemmSm90Parameters WithTensor(GemmParameters gemm, DeviceRange x, WarpgroupTile tile)
    {
        var parameters = new GemmSm90Parameters { Gemm = gemm };
        driver.DescribeTensor(MemoryMarshal.AsBytes(new Span<TensorMapBytes>(ref parameters.Tokens)), x, gemm.Depth, gemm.Tokens, gemm.XPitch,
            GemmVariant.TileDepth, tile.BoxTokens);
        return parameters;
    }

    private void Add<T>(KernelDefinition definition, Dim3 grid, T parameters, string shapes, params TracePoint[] traces)
        where T : unmanaged => Add(definition, grid, parameters, shapes, "", 0, traces);

    private void Add<T>(KernelDefinition definition, Dim3 grid, T parameters, string shapes, string choice, double operations, params TracePoint[] traces)
        where T : unmanaged => _steps.Add(new ForwardStep(
            new CudaLaunch(kernels.Get(definition), grid, new Dim3(definition.Threads), definition.SharedBytes,
                KernelArguments.Of(parameters), shapes)
            {
                Cluster = definition.Cluster > 1 ? new Dim3(definition.Cluster) : null,
                // The first kernel follows a copy. Every kernel waits by itself before it touches what its predecessor wrote.
                OverlapsPredecessor = _steps.Count > 0 && device.Capability >= OverlapCapability && driver.Version >= OverlapDriverVersion,
            },
            traces, choice, operations));
}
