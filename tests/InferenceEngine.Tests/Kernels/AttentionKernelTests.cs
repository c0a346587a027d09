using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>Attention of every kernel set against the contract's scalar functions, its operands against forbidden pages.</summary>
public sealed unsafe class AttentionKernelTests
{
    private const byte Untouched = 0x55;
    private const float ValueScale = 0.01f;
    private readonly WorkerScratch _scratch = new();

    public static TheoryData<KernelSet> Sets => [.. KernelSets.All];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_length_is_exact(KernelSet set)
    {
        // Few queries: what a query computes does not depend on the others beyond its place in a tile.
        for (var length = 1; length <= 256; length++) Check(set, length, 16, CodeWidth.Int8, RandomCode(length), queries: 13);
        foreach (var length in new[] { 257, 384, 511, 512 }) Check(set, length, 16, CodeWidth.Int8, RandomCode(length), queries: 7);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Lengths_beyond_those_of_bert_are_exact(KernelSet set)
    {
        foreach (var length in new[] { 513, 1024, 2000 })
        {
            Check(set, length, 16, CodeWidth.Int8, RandomCode(length), queries: 7);
            Check(set, length, 2, CodeWidth.Int8, _ => 127, queries: 1); // all weights 255, largest sums
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_head_size_is_exact(KernelSet set)
    {
        for (var d = 1; d <= 130; d++)
            foreach (var length in new[] { 1, 19 }) Check(set, length, d, CodeWidth.Int8, RandomCode(d));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_part_of_the_queries_is_exact(KernelSet set)
    {
        for (var queries = 1; queries <= 70; queries++) Check(set, 70, 20, CodeWidth.Int8, RandomCode(queries), queries);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Int16_contexts_are_exact(KernelSet set)
    {
        Check(set, 33, 64, CodeWidth.Int16, RandomCode(2));
        Check(set, 33, 7, CodeWidth.Int16, RandomCode(3));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Extreme_and_equal_codes_are_exact(KernelSet set)
    {
        foreach (var multiplier in new[] { 1e-9f, 1e-4f, 0.02f, 1e30f })
        {
            Check(set, 130, 64, CodeWidth.Int8, _ => 127, 13, multiplier); // all weights 255, largest sums
            Check(set, 130, 64, CodeWidth.Int8, _ => -127, 13, multiplier);
            Check(set, 130, 64, CodeWidth.Int8, i => i % 2 == 0 ? 127 : -127, 13, multiplier);
            Check(set, 130, 64, CodeWidth.Int8, i => i % 3 == 0 ? 127 : -127, 13, multiplier); // scores far apart
            Check(set, 21, 64, CodeWidth.Int8, _ => 0, 13, multiplier);
        }

        Check(set, 512, 2, CodeWidth.Int8, _ => 127, queries: 1);
        Check(set, 3, 1024, CodeWidth.Int8, i => i % 2048 < 1024 ? 127 : -127);
    }

    private static Func<int, int> RandomCode(int seed)
    {
        var random = new Random(seed);
        return _ => random.Next(-127, 128);
    }

    // Two heads; the second one is computed, in two parts, so that strides and offsets matter. The tokens of another
    // sequence come before, so that the start matters.
    private void Check(KernelSet set, int length, int d, CodeWidth width, Func<int, int> code, int queries = int.MaxValue, float multiplier = 2e-4f)
    {
        const int start = 2;
        var kernels = KernelSets.Require(set);
        queries = Math.Min(queries, length);
        int hidden = 2 * d, count = (start + length) * hidden;
        int[] RandomCodes() => [.. Enumerable.Range(0, count).Select(code)];
        int[] q = RandomCodes(), k = RandomCodes(), v = RandomCodes();
        var quantizer = QuantizationParameters.FromAmax(1.5f, width == CodeWidth.Int8 ? 127 : 32767);
        var contextOffset = (byte)(length % 2 * 128);
        var expected = Reference(q, k, v, start, length, d, queries, multiplier, quantizer.InverseScale, width, contextOffset);
        Check(InputCodes.Rows(kernels, hidden), MemoryEdge.End);
        Check(InputCodes.Rows(kernels, hidden), MemoryEdge.Start);
        if (d % PackedLinear.BlockColumns == 0) Check(PanelLayout.Panels(start + length, d), MemoryEdge.End);

        void Check(PanelLayout layout, MemoryEdge edge)
        {
            BoundedMemory Memory(int[] codes) => BoundedMemory.Of<sbyte>(PanelMatrix.Of(Array.ConvertAll(codes, c => (sbyte)c), hidden, layout, (sbyte)0), edge);
            using BoundedMemory qm = InputCodes.Memory(kernels, q, hidden, layout, CodeWidth.Int8, edge), km = Memory(k), vm = Memory(v);
            using var context = new BoundedMemory(km.Bytes * (width == CodeWidth.Int8 ? 1 : 2), Untouched, edge);
            var arguments = new AttentionArguments
            {
                Query = kernels.CodesOf(qm.Pointer, CodeWidth.Int8, new QuantizationParameters(1f), layout),
                Key = new Codes((nint)km.Pointer, CodeWidth.Int8, new QuantizationParameters(1f), layout),
                Value = new Codes((nint)vm.Pointer, CodeWidth.Int8, new QuantizationParameters(ValueScale), layout),
                HeadDim = d,
                ScoreMultiplier = multiplier,
                Context = new Codes((nint)context.Pointer, width, quantizer, layout, contextOffset),
            };
            kernels.Attention(arguments, new AttentionWork(start, length, 1, 0, queries / 2), _scratch);
            kernels.Attention(arguments, new AttentionWork(start, length, 1, queries / 2, queries), _scratch);
            var actual = width == CodeWidth.Int8 ? Array.ConvertAll(context.ToArray<sbyte>(), c => (int)c) : Array.ConvertAll(context.ToArray<short>(), c => (int)c);
            TensorAssert.BitEqual(PanelMatrix.Of(expected, hidden, layout, width == CodeWidth.Int8 ? Untouched : Untouched << 8 | Untouched), actual, layout.Width,
                $"{set} S={length} D={d} {width} queries={queries} m={multiplier} panels of {layout.Width}");
        }
    }

    // Codes [start + S, 2·D]; those that are not computed keep their fill.
    private static int[] Reference(int[] queryCodes, int[] keyCodes, int[] v, int start, int length, int d, int queries, float multiplier, float inverse, CodeWidth width, byte offset)
    {
        sbyte[] q = Array.ConvertAll(queryCodes, c => (sbyte)c), k = Array.ConvertAll(keyCodes, c => (sbyte)c);
        var hidden = 2 * d;
        var expected = new int[q.Length];
        Array.Fill(expected, width == CodeWidth.Int8 ? Untouched : Untouched << 8 | Untouched);
        var scores = new int[length];
        var codes = new byte[length];
        for (var i = start; i < start + queries; i++)
        {
            for (var j = 0; j < length; j++) scores[j] = IntegerGemm.Dot(q.AsSpan(i * hidden + d, d), k.AsSpan((start + j) * hidden + d, d));
            var z = IntegerSoftmax.Codes(scores, multiplier, codes);
            for (var c = d; c < hidden; c++)
            {
                var acc = 0;
                for (var j = 0; j < length; j++) acc += codes[j] * v[(start + j) * hidden + c];
                var value = IntegerSoftmax.Context(acc, ValueScale, z);
                expected[i * hidden + c] = width == CodeWidth.Int8 ? (sbyte)(AffineQuantizer.Quantize(value, inverse) + offset) : AffineQuantizer.QuantizeInt16(value, inverse);
            }
        }

        return expected;
    }
}
