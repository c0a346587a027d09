using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Cuda.Emulation;

/// <summary>layernorm.cu and embedding.cu against the scalar reference.</summary>
public sealed class NormTests
{
    private const double Epsilon = 1e-12;
    private const float Inverse8 = 41f;
    private const float Inverse16 = 9000f;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(129)]
    [InlineData(516)] // groups of four for one more than a block's threads
    [InlineData(768)]
    [InlineData(1024)]
    [InlineData(2048)]
    public void LayerNorm_is_equal_to_the_reference(int hidden)
    {
        const int Exponent = 16, Rows = 6;
        var random = new Random(hidden);
        var r = new float[Rows * hidden];
        for (var i = 0; i < r.Length; i++)
        {
            r[i] = (i / hidden) switch
            {
                0 => 3.25f,                                   // no variance at all
                1 => i % 2 == 0 ? 1e9f : -1e9f,               // saturates the grid
                2 => 0f,
                3 => MathF.ScaleB(random.Next(-9, 10), -17),  // ties of the rounding to the grid
                _ => 8 * random.NextSingle() - 4,
            };
        }

        var norm = Norm(hidden, Exponent, random);
        CheckNorm(norm, r, hidden, (memory, p) =>
        {
            p.R = memory.UploadRows<float>(r, hidden, p.Pitch);
            EmulatedKernel.Get(KernelLibrary.LayerNorm(hidden), "LayerNormParams").Launch(new LaunchGrid(Rows, 1, 1), p);
        });
    }

    [Theory]
    [InlineData(48, false)]
    [InlineData(48, true)]
    [InlineData(130, false)]
    [InlineData(130, true)]
    [InlineData(256, true)]
    public void Embedding_is_equal_to_the_reference(int hidden, bool coded)
    {
        const int Rows = 7;
        var random = new Random(hidden);
        var tables = new[] { Table(11, hidden, coded, random), Table(9, hidden, coded, random), Table(2, hidden, false, random) };
        var rows = tables.Select(t => Enumerable.Range(0, Rows).Select(_ => random.Next(t.Rows)).ToArray()).ToArray();
        var r = new float[Rows * hidden];
        for (var i = 0; i < r.Length; i++)
        {
            int token = i / hidden, c = i % hidden;
            r[i] = tables[0].At(rows[0][token], c) + tables[1].At(rows[1][token], c) + tables[2].At(rows[2][token], c);
        }

        CheckNorm(Norm(hidden, 15, random), r, hidden, (memory, p) =>
        {
            var parameters = new EmbeddingParameters
            {
                Word = Upload(memory, tables[0]),
                Position = Upload(memory, tables[1]),
                Type = Upload(memory, tables[2]),
                Ids = memory.Upload(rows[0]),
                Positions = memory.Upload(rows[1]),
                Types = memory.Upload(rows[2]),
                Norm = p,
            };
            EmulatedKernel.Get(KernelLibrary.Embedding(hidden), "EmbeddingParams").Launch(new LaunchGrid(Rows, 1, 1), parameters);
        });
    }

    private static void CheckNorm(QuantizedLayerNorm norm, float[] r, int hidden, Action<DeviceMemory, LayerNormParameters> run)
    {
        int rows = r.Length / hidden, whole = (hidden + 3) / 4 * 4, pitch = whole + 4, pitch8 = whole + 16, pitch16 = whole + 8;
        var expected = new float[r.Length];
        for (var i = 0; i < r.Length; i += hidden)
            IntegerLayerNorm.Normalize(r.AsSpan(i, hidden), norm.Gamma, norm.Beta, norm.Exponent, Epsilon, expected.AsSpan(i, hidden));
        using var memory = new DeviceMemory();
        var p = new LayerNormParameters
        {
            Gamma = memory.Upload(norm.Gamma),
            Beta = memory.Upload(norm.Beta),
            H = memory.Allocate<float>(rows * pitch),
            Codes8 = memory.Allocate<sbyte>(rows * pitch8),
            Codes16 = memory.Allocate<short>(rows * pitch16),
            Grid = IntegerLayerNorm.GridScale(norm.Exponent),
            Epsilon = IntegerLayerNorm.EpsilonTerm(Epsilon, hidden, norm.Exponent),
            Inverse8 = Inverse8,
            Inverse16 = Inverse16,
            Pitch = pitch,
            Codes8Pitch = pitch8,
            Codes16Pitch = pitch16,
        };
        run(memory, p);
        TensorAssert.BitEqual(expected, DeviceMemory.DownloadRows<float>(p.H, rows, hidden, pitch), hidden);
        TensorAssert.BitEqual(Array.ConvertAll(expected, v => AffineQuantizer.Quantize(v, Inverse8)), DeviceMemory.DownloadRows<sbyte>(p.Codes8, rows, hidden, pitch8), hidden);
        TensorAssert.BitEqual(Array.ConvertAll(expected, v => AffineQuantizer.QuantizeInt16(v, Inverse16)), DeviceMemory.DownloadRows<short>(p.Codes16, rows, hidden, pitch16), hidden);
    }

    private static QuantizedLayerNorm Norm(int hidden, int exponent, Random random) =>
        new("norm", [.. Enumerable.Range(0, hidden).Select(_ => 0.5f + random.NextSingle())], [.. Enumerable.Range(0, hidden).Select(_ => random.NextSingle() - 0.5f)], exponent);

    private static EmbeddingTable Table(int rows, int hidden, bool coded, Random random) => new()
    {
        Name = "table",
        Rows = rows,
        Columns = hidden,
        Values = coded ? null : [.. Enumerable.Range(0, rows * hidden).Select(_ => 2 * random.NextSingle() - 1)],
        Codes = coded ? [.. Enumerable.Range(0, rows * hidden).Select(_ => (sbyte)random.Next(-127, 128))] : null,
        RowScale = coded ? [.. Enumerable.Range(0, rows).Select(_ => 0.01f * random.NextSingle())] : null,
    };

    private static TableParameters Upload(DeviceMemory memory, EmbeddingTable table) => new()
    {
        Values = table.Values is null ? 0 : memory.Upload(table.Values),
        Codes = table.Codes is null ? 0 : memory.Upload(table.Codes),
        RowScale = table.RowScale is null ? 0 : memory.Upload(table.RowScale),
    };
}
