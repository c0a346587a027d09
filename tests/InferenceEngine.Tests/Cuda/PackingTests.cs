using System.Buffers.Binary;
using CsCheck;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Cuda.Packing;
using QatKit.Sparsity;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Cuda;

/// <summary>Packed weights read back with the lane maps of the PTX manual.</summary>
public sealed class PackingTests
{
    private static readonly Gen<(int Out, int In, int Seed)> Shapes = Gen.Select(Gen.Int[1, 70], Gen.Int[1, 40], Gen.Int[0, 1000]);

    [Fact]
    public void Dense_fragments_hold_every_weight_once_and_zeros_around() => Shapes.Sample(
        s =>
        {
            var inputs = s.In * 7; // not a multiple of anything
            var weights = Codes(s.Out * inputs, s.Seed);
            var packed = DenseWeightPacker.Pack(weights, s.Out, inputs);
            var (rows, columns) = Padded(s.Out, inputs);
            var read = new sbyte[rows * columns];
            for (var at = 0; at < packed.Length; at++)
            {
                // [group][step][fragment 2][s 4][lane 32][element 16]
                int element = at % 16, lane = at / 16 % 32, k32 = at / 512 % 4, fragment = at / 2048 % 2, block = at / 4096;
                // PTX, m16n8k32 A, element i: row g for i in 0..3 and 8..11, else g + 8; column 4t + i % 4, + 16 from i = 8 on.
                var row = lane / 4 + (element / 4 % 2 == 0 ? 0 : 8);
                var column = lane % 4 * 4 + element % 4 + (element >= 8 ? 16 : 0);
                var feature = block / (columns / 128) * 32 + 4 * (row % 8) + 2 * fragment + row / 8;
                read[feature * columns + block % (columns / 128) * 128 + k32 * 32 + column] = (sbyte)packed[at];
            }

            TensorAssert.BitEqual(PadMatrix(weights, s.Out, inputs), read, columns);
        },
        iter: 40);

    [Fact]
    public void Sparse_fragments_and_metadata_hold_every_weight_once_and_no_undefined_pair() => Shapes.Sample(
        s =>
        {
            var inputs = s.In * 8;
            var weights = Codes(s.Out * inputs, s.Seed);
            var random = new Random(s.Seed + 1);
            for (var i = 0; i < weights.Length; i += 4) // at most two non-zeros of four
            {
                weights[i + random.Next(2)] = 0;
                weights[i + 2 + random.Next(2)] = 0;
                if (random.Next(3) == 0) weights[i + random.Next(4)] = 0;
                if (random.Next(3) == 0) (weights[i + 1], weights[i + 2]) = (weights[i + 2], weights[i + 1]);
            }

            var packed = SparseWeightPacker.Pack(Sparse24Matrix.Pack(weights, s.Out, inputs));
            var (rows, columns) = Padded(s.Out, inputs);
            var read = new sbyte[rows * columns];
            var blocks = packed.Length / GemmVariant.GroupBytes(sparse24: true);
            for (var part = 0; part < blocks * 4; part++) // [group][step][fragment 2][s 2]
            {
                int block = part / 4, fragment = part / 2 % 2, k64 = part % 2;
                var values = packed.AsSpan(block * 2560 + (fragment * 2 + k64) * 512, 512);
                var metadata = packed.AsSpan(block * 2560 + 2048 + (fragment * 2 + k64) * 128, 128);
                for (var lane = 0; lane < 32; lane++)
                {
                    // PTX, m16n8k64 with selector 0: lane l describes row g + 8 (l % 2), columns from 32 (l / 2 % 2) on.
                    int row = lane / 4 + lane % 2 * 8, half = lane / 2 % 2;
                    var e = BinaryPrimitives.ReadUInt32LittleEndian(metadata[(lane * 4)..]);
                    for (var chunk = 0; chunk < 8; chunk++)
                    {
                        int first = (int)(e >> (4 * chunk)) & 3, second = (int)(e >> (4 * chunk + 2)) & 3;
                        Assert.True(first < second, $"places {first}, {second}");
                        // Non-zeros 2 chunk, 2 chunk + 1 of this half: the compressed operand has the dense 16 x 32 layout.
                        for (var i = 0; i < 2; i++)
                        {
                            var nonzero = half * 16 + 2 * chunk + i;
                            var owner = row % 8 * 4 + nonzero % 16 / 4;
                            var element = nonzero % 4 + (row >= 8 ? 4 : 0) + (nonzero >= 16 ? 8 : 0);
                            var feature = block / (columns / 128) * 32 + 4 * (row % 8) + 2 * fragment + row / 8;
                            var column = block % (columns / 128) * 128 + k64 * 64 + half * 32 + 4 * chunk + (i == 0 ? first : second);
                            read[feature * columns + column] = (sbyte)values[owner * 16 + element];
                        }
                    }
                }
            }

            TensorAssert.BitEqual(PadMatrix(weights, s.Out, inputs), read, columns);
        },
        iter: 40);

    private static sbyte[] Codes(int count, int seed)
    {
        var random = new Random(seed);
        var codes = new sbyte[count];
        for (var i = 0; i < count; i++) codes[i] = (sbyte)random.Next(-127, 128);
        return codes;
    }

    private static (int Rows, int Columns) Padded(int outputs, int inputs) => ((outputs + 31) / 32 * 32, (inputs + 127) / 128 * 128);

    private static sbyte[] PadMatrix(sbyte[] weights, int outputs, int inputs)
    {
        var (rows, columns) = Padded(outputs, inputs);
        var padded = new sbyte[rows * columns];
        for (var r = 0; r < outputs; r++) weights.AsSpan(r * inputs, inputs).CopyTo(padded.AsSpan(r * columns));
        return padded;
    }
}
