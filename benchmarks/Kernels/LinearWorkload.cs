using System.Globalization;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.Benchmarks.Kernels;

/// <summary>One linear layer with random weights and input, quantizing epilogue included.</summary>
internal sealed unsafe class LinearWorkload
{
    private readonly CpuKernels _kernels;
    private readonly PackedLinear _weights;
    private readonly AlignedBuffer _x;
    private readonly AlignedBuffer _y;
    private readonly WorkerTeam _team;
    private readonly WorkerScratch[] _scratch;
    private readonly BlockSplit _split;
    private readonly BlockQueue _queue;
    private readonly Action<int> _job;

    /// <param name="shape">MxNxK.</param>
    /// <param name="kernels">The tier.</param>
    /// <param name="sparse">2:4 kernel on 2:4 weights, or dense on dense.</param>
    /// <param name="team">Threads, which the workload does not own.</param>
    public LinearWorkload(string shape, CpuKernels kernels, bool sparse, WorkerTeam team)
    {
        var sizes = shape.Split('x').Select(s => int.Parse(s, CultureInfo.InvariantCulture)).ToArray();
        int m = sizes[0], n = sizes[1], k = sizes[2];
        // The FFN's up projection of a synthetic model is an N x K layer.
        var architecture = new BertArchitecture(1, k, 1, n, 10, 16, 2, 2);
        _kernels = kernels;
        _weights = kernels.Pack(SyntheticGraph.Create(architecture, 1, sparse).Layers[0].Intermediate, sparse);
        _x = new AlignedBuffer(PanelLayout.Size(m, k));
        var random = new Random(1);
        for (var i = 0; i < _x.Bytes; i++) _x.Pointer[i] = (byte)random.Next(-127, 128);
        _y = new AlignedBuffer(PanelLayout.Size(m, n));
        _team = team;
        _queue = new BlockQueue(team.Workers);
        _scratch = [.. Enumerable.Range(0, team.Workers).Select(_ => new WorkerScratch())];
        _split = new BlockSplit(m, _weights.Blocks, kernels.BlocksPerTile, team.Workers);
        _job = Part;
        Operations = 2.0 * m * n * k;
    }

    /// <summary>Multiplications and additions of the dense product.</summary>
    public double Operations { get; }

    /// <summary>Computes the layer with the whole team.</summary>
    public void Run()
    {
        for (var w = 0; w < _team.Workers; w++) _queue.Offer(_split, w);
        _team.Run(_job, _team.Workers);
    }

    private void Part(int worker)
    {
        PackedRows? packed = null;
        var layout = PanelLayout.Panels(_split.Rows);
        var x = _kernels.CodesOf(_x.Pointer, _weights.Width, _weights.Input, layout);
        var y = _kernels.CodesOf(_y.Pointer, CodeWidth.Int8, new QuantizationParameters(100f), layout);
        _kernels.Linear(new LinearStep(_weights, x, _split, LinearOutput.Quantize(y)) { Claims = y }, _queue, worker, help: true, _scratch[worker], ref packed);
    }
}
