using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>Attention of every kernel set against the contract's scalar functions.</summary>
public sealed unsafe class AttentionKernelTests
{
    public static TheoryData<KernelSet> Sets => [.. KernelSets.All];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_length_up_to_70_and_odd_head_sizes_are_exact(KernelSet set)
    {
        foreach (var d in new[] { 1, 7, 16, 20, 32 })
            for (var length = 1; length <= 70; length += d == 16 ? 1 : 9) Check(set, length, d, CodeWidth.Int8, RandomCode(length));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Long_rows_and_int16_contexts_are_exact(KernelSet set)
    {
        Check(set, 256, 32, CodeWidth.Int8, RandomCode(1));
        Check(set, 33, 64, CodeWidth.Int16, RandomCode(2));
        Check(set, 33, 7, CodeWidth.Int16, RandomCode(3));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Extreme_and_equal_codes_are_exact(KernelSet set)
    {
        Check(set, 130, 64, CodeWidth.Int8, _ => 127); // all weights 255, largest sums
        Check(set, 130, 64, CodeWidth.Int8, i => i % 3 == 0 ? 127 : -127);
        Check(set, 21, 64, CodeWidth.Int8, _ => 0);
    }

    private static Func<int, int> RandomCode(int seed)
    {
        var random = new Random(seed);
        return _ => random.Next(-127, 128);
    }

    // Two heads; the second one is computed, in two parts, so that strides and offsets matter.
    private static void Check(KernelSet set, int length, int d, CodeWidth width, Func<int, int> code)
    {
        var kernels = KernelSets.Require(set);
        int hidden = 2 * d, count = length * hidden;
        sbyte[] Codes() => [.. Enumerable.Range(0, count).Select(i => (sbyte)code(i))];
        sbyte[] q = Codes(), k = Codes(), v = Codes();
        var contextQuantizer = QuantizationParameters.FromAmax(1.5f, width == CodeWidth.Int8 ? 127 : 32767);
        var multiplier = IntegerSoftmax.ScoreMultiplier(0.02f, 0.03f, d);
        using BoundedMemory qm = BoundedMemory.Of<sbyte>(q), km = BoundedMemory.Of<sbyte>(k), vm = BoundedMemory.Of<sbyte>(v);
        using var context = new BoundedMemory(count * (width == CodeWidth.Int8 ? 1 : 2), fill: 0x55);
        var arguments = new AttentionArguments
        {
            Query = (sbyte*)qm.Pointer,
            Key = (sbyte*)km.Pointer,
            Value = (sbyte*)vm.Pointer,
            Hidden = hidden,
            HeadDim = d,
            ScoreMultiplier = multiplier,
            ValueScale = 0.01f,
            Context = new Codes((nint)context.Pointer, width, contextQuantizer),
        };
        var scratch = new WorkerScratch();
        kernels.Attention(arguments, new AttentionWork(0, length, 1, 0, length / 2), scratch);
        kernels.Attention(arguments, new AttentionWork(0, length, 1, length / 2, length), scratch);
        for (var i = 0; i < length; i++)
        {
            var scores = new int[length];
            for (var j = 0; j < length; j++) scores[j] = IntegerGemm.Dot(q.AsSpan(i * hidden + d, d), k.AsSpan(j * hidden + d, d));
            var codes = new byte[length];
            var z = IntegerSoftmax.Codes(scores, multiplier, codes);
            for (var c = 0; c < hidden; c++)
            {
                var acc = 0;
                for (var j = 0; j < length; j++) acc += codes[j] * v[j * hidden + c];
                var value = IntegerSoftmax.Context(acc, 0.01f, z);
                var index = i * hidden + c;
                var actual = width == CodeWidth.Int8 ? ((sbyte*)context.Pointer)[index] : ((short*)context.Pointer)[index];
                var expected = c < d ? (width == CodeWidth.Int8 ? 0x55 : 0x5555)
                    : width == CodeWidth.Int8 ? AffineQuantizer.Quantize(value, contextQuantizer.InverseScale)
                    : AffineQuantizer.QuantizeInt16(value, contextQuantizer.InverseScale);
                if (expected != actual) Assert.Fail($"{set} S={length} D={d} {width} at [{i}, {c}]: expected {expected}, actual {actual}.");
            }
        }
    }
}
