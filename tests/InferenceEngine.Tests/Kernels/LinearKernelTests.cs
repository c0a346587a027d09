using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>Linear layers of every kernel set against the contract's scalar functions, at all tile edges, in memory that
/// ends where the data ends.</summary>
public sealed unsafe class LinearKernelTests
{
    private static readonly int[] Rows = [1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13];
    private static readonly int[] Columns = [1, 2, 3, 15, 16, 17, 31, 33];
    private static readonly int[] Depths = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 63, 65];

    public static TheoryData<KernelSet> Sets => [.. KernelSets.All];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Dense_int8_is_exact_at_all_tile_edges(KernelSet set)
    {
        foreach (var m in Rows)
            foreach (var n in Columns)
                foreach (var k in Depths) Check(set, m, RandomLayer(n, k, CodeWidth.Int8, m), EpilogueKind.Float);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Sparse24_int8_is_exact_at_all_tile_edges(KernelSet set)
    {
        foreach (var m in Rows)
            foreach (var n in Columns)
                foreach (var k in new[] { 8, 16, 24, 40, 64, 72 }) Check(set, m, RandomLayer(n, k, CodeWidth.Int8, m, sparse24: true), EpilogueKind.Float);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Int16_is_exact_at_all_edges(KernelSet set)
    {
        foreach (var m in new[] { 1, 2, 5 })
            foreach (var n in Columns)
                foreach (var k in Depths) Check(set, m, RandomLayer(n, k, CodeWidth.Int16, m), EpilogueKind.Float);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_epilogue_is_exact_with_and_without_column_tail(KernelSet set)
    {
        foreach (var kind in Enum.GetValues<EpilogueKind>())
        {
            foreach (var n in new[] { 16, 21, 32 })
            {
                Check(set, 7, RandomLayer(n, 40, CodeWidth.Int8, 3), kind);
                Check(set, 7, RandomLayer(n, 40, CodeWidth.Int8, 3, sparse24: true), kind);
                Check(set, 7, RandomLayer(n, 40, CodeWidth.Int16, 3), kind);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Extreme_codes_neither_saturate_nor_overflow(KernelSet set)
    {
        foreach (var (width, max, k) in new[] { (CodeWidth.Int8, 127, 4096), (CodeWidth.Int16, 32767, 4096), (CodeWidth.Int8, 127, 132_992) })
        {
            foreach (var (sign, sparse24) in new[] { (1, false), (-1, false), (1, true), (-1, true) })
            {
                if (sparse24 && width == CodeWidth.Int16) continue;
                var layer = Layer(17, k, width, sparse24, (_, _) => sign * max);
                var x = new int[2 * k];
                Array.Fill(x, max, 0, k);
                Array.Fill(x, -max, k, k);
                Check(set, 2, layer, EpilogueKind.Float, x);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Parts_of_rows_and_columns_write_nothing_else(KernelSet set)
    {
        var kernels = KernelSets.Require(set);
        var layer = RandomLayer(50, 24, CodeWidth.Int8, 1);
        using var x = BoundedMemory.Of<sbyte>(new sbyte[9 * 24]);
        using var y = new BoundedMemory(9 * 50 * sizeof(float), fill: 0xFF);
        kernels.Linear(kernels.Pack(layer, false), x.Pointer, LinearOutput.Float((float*)y.Pointer, 50), new WorkRange(3, 7, 1, 2), new WorkerScratch());
        var values = y.ToArray<int>();
        for (var i = 0; i < values.Length; i++)
        {
            var inside = i / 50 is >= 3 and < 7 && i % 50 is >= 16 and < 32;
            Assert.True(inside == (values[i] != -1), $"[{i / 50}, {i % 50}]");
        }
    }

    private static QuantizedLinear RandomLayer(int n, int k, CodeWidth width, int seed, bool sparse24 = false)
    {
        var random = new Random(n * 1000 + k * 10 + seed);
        var max = width == CodeWidth.Int8 ? 127 : 32767;
        return Layer(n, k, width, sparse24, (_, _) => random.Next(-max, max + 1));
    }

    private static QuantizedLinear Layer(int n, int k, CodeWidth width, bool sparse24, Func<int, int, int> code)
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

    private static void Check(KernelSet set, int m, QuantizedLinear layer, EpilogueKind kind, int[]? input = null)
    {
        var kernels = KernelSets.Require(set);
        var random = new Random(m);
        int max = layer.Width == CodeWidth.Int8 ? 127 : 32767, n = layer.Out, k = layer.In;
        var x = input ?? [.. Enumerable.Range(0, m * k).Select(_ => random.Next(-max, max + 1))];
        var residual = Enumerable.Range(0, m * n).Select(_ => random.NextSingle()).ToArray();
        using var xMemory = layer.Width == CodeWidth.Int8
            ? BoundedMemory.Of<sbyte>(Array.ConvertAll(x, c => (sbyte)c))
            : BoundedMemory.Of<short>(Array.ConvertAll(x, c => (short)c));
        using var residualMemory = BoundedMemory.Of<float>(residual);
        var elementBytes = kind switch
        {
            EpilogueKind.Float or EpilogueKind.AddResidual => 4,
            EpilogueKind.GeluQuantizeInt16 or EpilogueKind.TanhQuantizeInt16 => 2,
            _ => 1,
        };
        using var expected = new BoundedMemory((long)m * n * elementBytes);
        using var actual = new BoundedMemory((long)m * n * elementBytes);
        Reference(layer, x, m, Output(kind, expected.Pointer, (float*)residualMemory.Pointer, n), residual);
        kernels.Linear(kernels.Pack(layer, layer.Mask is not null), xMemory.Pointer, Output(kind, actual.Pointer, (float*)residualMemory.Pointer, n),
            new WorkRange(0, m, 0, PackedLinear.BlocksOf(n)), new WorkerScratch());
        TensorAssert.BitEqual(expected.ToArray<byte>(), actual.ToArray<byte>(), n * elementBytes, $"{set} {kind} M={m} N={n} K={k} {layer.Width} mask={layer.Mask is not null}");
    }

    private static LinearOutput Output(EpilogueKind kind, void* destination, float* residual, int stride) => kind switch
    {
        EpilogueKind.Float => LinearOutput.Float((float*)destination, stride),
        EpilogueKind.AddResidual => LinearOutput.AddResidual((float*)destination, residual, stride),
        EpilogueKind.QuantizeInt8 => LinearOutput.Int8((sbyte*)destination, stride, 100f),
        EpilogueKind.GeluQuantizeInt8 => LinearOutput.GeluInt8((sbyte*)destination, stride, 100f),
        EpilogueKind.GeluQuantizeInt16 => LinearOutput.GeluInt16((short*)destination, stride, 20_000f),
        _ => LinearOutput.TanhInt16((short*)destination, stride, 32767f),
    };

    // Straight from the contract: one dot product, one fma, one function per element.
    private static void Reference(QuantizedLinear layer, int[] x, int m, LinearOutput output, float[] residual)
    {
        var multipliers = layer.Multipliers();
        for (var i = 0; i < m * layer.Out; i++)
        {
            int row = i / layer.Out, n = i % layer.Out;
            long acc = 0;
            for (var k = 0; k < layer.In; k++)
                acc += (long)x[row * layer.In + k] * (layer.Int8Weight?[n * layer.In + k] ?? layer.Int16Weight![n * layer.In + k]);
            var y = IntegerGemm.Epilogue(acc, multipliers[n], layer.Bias[n]);
            switch (output.Kind)
            {
                case EpilogueKind.Float: ((float*)output.Destination)[i] = y; break;
                case EpilogueKind.AddResidual: ((float*)output.Destination)[i] = y + residual[i]; break;
                case EpilogueKind.QuantizeInt8: ((sbyte*)output.Destination)[i] = AffineQuantizer.Quantize(y, output.InverseScale); break;
                case EpilogueKind.GeluQuantizeInt8: ((sbyte*)output.Destination)[i] = AffineQuantizer.Quantize(ElementwiseFunctions.Gelu(y), output.InverseScale); break;
                case EpilogueKind.GeluQuantizeInt16: ((short*)output.Destination)[i] = AffineQuantizer.QuantizeInt16(ElementwiseFunctions.Gelu(y), output.InverseScale); break;
                default: ((short*)output.Destination)[i] = AffineQuantizer.QuantizeInt16(ElementwiseFunctions.Tanh(y), output.InverseScale); break;
            }
        }
    }
}
