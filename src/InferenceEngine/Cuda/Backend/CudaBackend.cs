using System.Globalization;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Plans;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>Runs a model on a CUDA device.</summary>
/// <remarks>Concurrent calls take turns: the device is busy with one anyway, and one arena and one stream serve all.
/// After the first run of a bucket a call is: write the token ids, launch one graph, wait, read the logits.</remarks>
internal sealed class CudaBackend : IComputeBackend
{
    private readonly ICudaDriver _driver;
    private readonly CudaOptions _options;
    private readonly CudaContext _context;
    private readonly CudaStream _stream;
    private readonly DeviceHeap _heap;
    private readonly CudaModel _model;
    private readonly CudaArena _arena;
    private readonly KernelSet _kernels;
    private readonly GemmPlanner _planner;
    private readonly CudaStaging _staging;
    private readonly GraphCache _graphs;
    private readonly Lock _turn = new();
    private bool _disposed;

    private CudaBackend(QuantizedGraph graph, ICudaDriver driver, CudaDevice device, KernelCache cache, CudaOptions options)
    {
        _driver = driver;
        _options = options;
        _planner = new GemmPlanner(device, options.ForcedPlan, options.Without);
        _graphs = new GraphCache(options.MaxGraphs);
        Tier = KernelTarget.For(device.Capability).Name;
        _context = driver.CreateContext(device);
        try
        {
            _stream = driver.CreateStream(_context);
            _heap = new DeviceHeap(driver, _context, "the weights");
            _model = new CudaModel(graph, _heap, options.WeightFormat);
            var tokens = Bucket.For(Math.Max(options.MaxTokens, graph.Architecture.MaxPositions), 1, 1).Tokens;
            _arena = new CudaArena(driver, _context, _stream, _model, tokens);
            _staging = new CudaStaging(driver, _context, _arena, _model.ClassesPitch);
            _kernels = new KernelSet(driver, _context, cache, new KernelTarget(Tier));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Name => "cuda";

    public string Tier { get; }

    public string Description => string.Create(CultureInfo.InvariantCulture,
        $"CUDA on {_context.Device}, {Tier} kernels, 2:4 kernels in {_model.Linears.Count(l => l.Sparse24)} of {_model.Linears.Count} products, {(_heap.Bytes + _arena.Bytes) >> 20} MiB of device memory");

    /// <summary>Loads a model onto a device.</summary>
    /// <param name="graph">A valid graph.</param>
    /// <param name="driver">The driver.</param>
    /// <param name="cache">Compiled kernels.</param>
    /// <param name="options">Choices.</param>
    /// <exception cref="QatKitException">QK5052 no 2:4 layer, QK6002 no usable device, QK6006 memory, QK6007 not supported, ...</exception>
    public static CudaBackend Create(QuantizedGraph graph, ICudaDriver driver, KernelCache cache, CudaOptions options)
    {
        if (options.WeightFormat == WeightFormat.Sparse24 && !graph.Linears.Any(Cpu.CpuModel.HasSparseKernel))
            throw new QatKitException("QK5052", "SessionOptions.WeightFormat", "no int8 layer of the model has a 2:4 mask. Use WeightFormat.Auto, or prune the model.");
        CudaSupport.Check(graph);
        return new CudaBackend(graph, driver, CudaProbe.Choose(driver, options.Device), cache, options);
    }

    /// <summary>The plan of a batch's bucket, for people; kernels that it needs are compiled.</summary>
    public ForwardPlan Plan(TokenBatch batch)
    {
        lock (_turn)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(InferenceSession));
            _driver.MakeCurrent(_context);
            return Build(Bucket.For(batch));
        }
    }

    /// <summary>Loads, or compiles, the kernels of the smallest bucket.</summary>
    public void Prepare()
    {
        lock (_turn)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(InferenceSession));
            _driver.MakeCurrent(_context);
            Build(Bucket.For(1, 1, 1));
        }
    }

    public BertArchitecture Architecture => _model.Architecture;

    public int ThreadsFor(TokenBatch batch) => 1;

    public void Run(TokenBatch batch, IActivationTrace? trace, Span<float> logits)
    {
        lock (_turn)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(InferenceSession));
            _driver.MakeCurrent(_context);
            foreach (var pass in BatchPasses.Of(batch, _arena.MaxTokens))
            {
                if (trace is null) Pass(pass);
                else if (pass.Count == batch.Count) Traced(pass, trace);
                else throw new QatKitException("QK6008", "trace", $"the batch has {batch.TokenCount} tokens, a traced pass on CUDA at most {_arena.MaxTokens}. Trace a smaller batch.");
                _staging.ReadLogits(pass, Architecture.Classes, logits);
            }
        }

        GC.KeepAlive(this); // Logits are read from memory that a finalizer would free.
    }

    /// <summary>Times a batch on the device alone: replays of a graph that has the kernels and no copies, and launches one by one.</summary>
    /// <param name="batch">The batch; each of its passes is timed by itself, on its own inputs.</param>
    /// <param name="replays">Replays to measure.</param>
    /// <param name="launchRepetitions">Repetitions of each launch; 0 leaves the launches out.</param>
    /// <param name="cancellationToken">Checked every few replays.</param>
    public PassTimes Time(TokenBatch batch, int replays, int launchRepetitions, CancellationToken cancellationToken)
    {
        lock (_turn)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(InferenceSession));
            _driver.MakeCurrent(_context);
            ForwardPlan? first = null;
            double[] sums = new double[replays], launches = [];
            var passes = 0;
            foreach (var pass in BatchPasses.Of(batch, _arena.MaxTokens))
            {
                // Leaves the pass's inputs on the device.
                Pass(pass);
                var plan = Build(pass.Bucket);
                using var graph = Capture(() => EnqueueKernels(plan), pass.Bucket + " without copies");
                using var timer = new PassTimer(_driver, _context, _stream, graph);
                var times = timer.Replays(replays, cancellationToken);
                for (var i = 0; i < replays; i++) sums[i] += times[i];
                if (first is null && launchRepetitions > 0) launches = timer.Launches([.. plan.Steps.Select(s => s.Launch)], launchRepetitions, cancellationToken);
                first ??= plan;
                passes++;
            }

            return new PassTimes(_context.Device, _driver.Version, passes, first!, sums, launches);
        }
    }

    public void Dispose()
    {
        lock (_turn)
        {
            if (_disposed) return;
            _disposed = true;
            // Partly built after a failure in the constructor: then some of these are still null.
            _graphs.Dispose();
            _kernels?.Dispose();
            _staging?.Dispose();
            _arena?.Dispose();
            _heap?.Dispose();
            _stream?.Dispose();
            _context.Dispose();
        }
    }

    private void Pass(BatchPass pass)
    {
        var bucket = pass.Bucket;
        _staging.WriteInput(pass);
        if (_graphs.Find(bucket) is { } graph)
        {
            _driver.Launch(_stream, graph);
            _driver.Synchronize(_stream);
            return;
        }

        // The first pass runs launch by launch: a launch that is refused is named, and a kernel's lazy loading does not fall into the capture.
        var plan = Build(bucket);
        Enqueue(plan);
        _driver.Synchronize(_stream);
        _graphs.Add(bucket, Capture(() => Enqueue(plan), bucket.ToString()));
    }

    private CudaGraph Capture(Action enqueue, string name)
    {
        _driver.BeginCapture(_stream);
        try
        {
            enqueue();
            return _driver.EndCapture(_stream, name);
        }
        catch
        {
            _driver.AbandonCapture(_stream);
            throw;
        }
    }

    private void Enqueue(ForwardPlan plan)
    {
        _staging.CopyInput(_driver, _stream, _arena, plan.Bucket);
        EnqueueKernels(plan);
        _staging.CopyLogits(_driver, _stream, _arena, plan.Bucket);
    }

    private void EnqueueKernels(ForwardPlan plan)
    {
        foreach (var step in plan.Steps) _driver.Launch(_stream, step.Launch);
    }

    private void Traced(BatchPass pass, IActivationTrace trace)
    {
        var plan = Build(pass.Bucket);
        var recorder = new TraceRecorder(_driver, pass, trace);
        _staging.WriteInput(pass);
        _staging.CopyInput(_driver, _stream, _arena, plan.Bucket);
        _driver.Synchronize(_stream);
        foreach (var step in plan.Steps)
        {
            _driver.Launch(_stream, step.Launch);
            _driver.Synchronize(_stream, step.Launch);
            foreach (var point in step.Traces) recorder.Record(point);
        }

        _staging.CopyLogits(_driver, _stream, _arena, plan.Bucket);
        _driver.Synchronize(_stream);
    }

    private ForwardPlan Build(Bucket bucket) =>
        new ForwardPlanBuilder(_driver, _model, _arena, _kernels, _context.Device, _planner, bucket).Build();
}
