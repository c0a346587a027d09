using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>One linear layer and its input, computed by the contract's scalar functions and by a kernel set whose every operand,
/// packed weights included, lies against a forbidden page, at its end and then at its start.</summary>
/// <param name="set">Kernel set.</param>
/// <param name="m">Rows.</param>
/// <param name="layer">N and K, weights and scales.</param>
/// <param name="kind">Epilogue.</param>
/// <param name="input">Codes [M, K]; random when omitted.</param>
internal sealed unsafe class LinearCase(KernelSet set, int m, QuantizedLinear layer, EpilogueKind kind = EpilogueKind.Float, int[]? input = null)
{
    private const byte Untouched = 0x55;
    private readonly int _n = layer.Out;
    private readonly bool _int8 = layer.Width == CodeWidth.Int8;
    private readonly int _rowBytes = layer.Out * EpilogueReference.Bytes(kind);

    /// <summary>A layer of random codes.</summary>
    public static QuantizedLinear RandomLayer(int n, int k, CodeWidth width, int seed, bool sparse24 = false)
    {
        var random = new Random(n * 1000 + k * 10 + seed);
        var max = width == CodeWidth.Int8 ? 127 : 32767;
        return Layer(n, k, width, sparse24, (_, _) => random.Next(-max, max + 1));
    }

    /// <summary>A layer whose code at [n, k] is given; with a random 2:4 mask when asked for.</summary>
    public static QuantizedLinear Layer(int n, int k, CodeWidth width, bool sparse24, Func<int, int, int> code)
    {
        var random = new Random(n + k);
        var max = width == CodeWidth.Int8 ? 127f : 32767f;
        ReadOnlySpan<byte> pairs = [0b0011, 0b0101, 0b1001, 0b0110, 0b1010, 0b1100];
        var bits = new byte[(n * k + 7) / 8];
        for (var i = 0; i < bits.Length; i++) bits[i] = (byte)(pairs[random.Next(6)] | pairs[random.Next(6)] << 4);
        var mask = sparse24 ? new WeightMask("2:4", n, k, bits) : null;
        var codes = new int[n * k];
        for (var i = 0; i < codes.Length; i++) codes[i] = mask is null || mask.IsKept(i / k, i % k) ? code(i / k, i % k) : 0;
        return new QuantizedLinear
        {
            Name = "layer",
            Out = n,
            In = k,
            Int8Weight = width == CodeWidth.Int8 ? Array.ConvertAll(codes, c => (sbyte)c) : null,
            Int16Weight = width == CodeWidth.Int16 ? Array.ConvertAll(codes, c => (short)c) : null,
            WeightScale = [.. Enumerable.Range(0, n).Select(_ => (0.5f + random.NextSingle()) / max)],
            Input = new QuantizationParameters(1f / max / MathF.Sqrt(k)),
            Bias = [.. Enumerable.Range(0, n).Select(_ => random.NextSingle() - 0.5f)],
            Mask = mask,
        };
    }

    /// <summary>Fails unless both give the same bits, with input and output in one panel and in several.</summary>
    /// <param name="scratch">May be used: what earlier cases left in it must not matter.</param>
    public void Check(WorkerScratch scratch)
    {
        var kernels = KernelSets.Require(set);
        var random = new Random(m);
        var max = _int8 ? 127 : 32767;
        var x = input ?? [.. Enumerable.Range(0, m * layer.In).Select(_ => random.Next(-max, max + 1))];
        var residual = Enumerable.Range(0, m * _n).Select(_ => random.NextSingle()).ToArray();
        // Whatever the tier reads, it stores codes with either offset.
        var offset = (byte)((m + _n) % 3 == 0 ? 128 : 0);
        var expected = Reference(x, residual, offset);
        var packed = kernels.Pack(layer, layer.Mask is not null);
        var panels = PanelLayout.Panels(m, (m + _n + layer.In) % 2 == 0 ? 16 : PanelLayout.DefaultWidth);
        var rows = InputCodes.Rows(kernels, layer.In);
        Check(rows, PanelLayout.RowMajor(_n), MemoryEdge.End);
        Check(rows, panels, MemoryEdge.Start);
        Check(panels, panels, MemoryEdge.End);
        void Check(PanelLayout inputLayout, PanelLayout outputLayout, MemoryEdge edge) => this.Check(kernels, packed, x, residual, expected, offset, inputLayout, outputLayout, edge, scratch);
    }

    private void Check(
        CpuKernels kernels, PackedLinear packed, int[] x, float[] residual, byte[] expected, byte offset, PanelLayout inputLayout, PanelLayout outputLayout, MemoryEdge edge, WorkerScratch scratch)
    {
        using var xMemory = InputCodes.Memory(kernels, x, layer.In, inputLayout, layer.Width, edge);
        using var residualMemory = BoundedMemory.Of<float>(PanelMatrix.Of(residual, _n, outputLayout, 0f), edge);
        var elementBytes = EpilogueReference.Bytes(kind);
        using var actual = new BoundedMemory((long)PanelMatrix.Extent(m, _n, outputLayout) * elementBytes, Untouched, edge);
        using var sums = BoundedMemory.Of<RowSums>([.. Enumerable.Range(0, m).Select(EpilogueReference.SumsBefore)], edge);
        using (new GuardedBuffer(packed.Weights, edge))
        using (new GuardedBuffer(packed.Bias, edge))
        using (new GuardedBuffer(packed.Multipliers, edge))
        {
            kernels.Linear(packed, kernels.CodesOf(xMemory.Pointer, layer.Width, layer.Input, inputLayout),
                EpilogueReference.Output(kind, actual.Pointer, (float*)residualMemory.Pointer, outputLayout, offset) with { Sums = (RowSums*)sums.Pointer },
                new WorkRange(0, m, 0, PackedLinear.BlocksOf(_n)), scratch);
        }

        var bytes = actual.ToArray<byte>();
        var inPanels = new byte[bytes.Length];
        Array.Fill(inPanels, Untouched);
        for (var i = 0; i < m * _n; i++)
            expected.AsSpan(i * elementBytes, elementBytes).CopyTo(inPanels.AsSpan((int)outputLayout.IndexOf(i / _n, i % _n) * elementBytes));
        TensorAssert.BitEqual(inPanels, bytes, outputLayout.Width * elementBytes,
            $"{set} {kind} M={m} N={_n} K={layer.In} {layer.Width} mask={layer.Mask is not null} panels of {inputLayout.Width} and {outputLayout.Width}");
        var stored = Enumerable.Range(0, kind == EpilogueKind.AddResidual ? m * _n : 0).Select(i => (i / _n, BitConverter.ToInt32(expected, i * sizeof(int))));
        Assert.Equal(EpilogueReference.SumsAfter(m, stored), sums.ToArray<RowSums>());
    }

    // Straight from the contract: one dot product, one fma, one function per element.
    private byte[] Reference(int[] x, float[] residual, byte offset)
    {
        var bytes = new byte[m * _rowBytes];
        var multipliers = layer.Multipliers();
        fixed (byte* destination = bytes)
        fixed (float* addend = residual)
        {
            var output = EpilogueReference.Output(kind, destination, addend, PanelLayout.RowMajor(_n), offset);
            for (var i = 0; i < m * _n; i++)
            {
                int row = i / _n, n = i % _n;
                long acc = 0;
                for (var k = 0; k < layer.In; k++)
                    acc += (long)x[row * layer.In + k] * (layer.Int8Weight?[n * layer.In + k] ?? layer.Int16Weight![n * layer.In + k]);
                EpilogueReference.Store(output, i, IntegerGemm.Epilogue(acc, multipliers[n], layer.Bias[n]));
            }
        }

        return bytes;
    }
}
