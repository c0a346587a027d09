using QatKit.Core.Numerics;

namespace QatKit.Core.Graph;

/// <summary>Deterministic random models and batches of any size, for benchmarks and tests that need no trained model.</summary>
/// <remarks>Scales are chosen so that codes use their whole range: a model whose activations vanish or saturate would
/// hide errors and, on real hardware, run faster than a trained one.</remarks>
public static class SyntheticGraph
{
    /// <summary>Builds a model with random weights.</summary>
    /// <param name="architecture">Sizes; <c>Hidden</c> and <c>Intermediate</c> a multiple of 16 for 2:4.</param>
    /// <param name="seed">The same seed gives the same model.</param>
    /// <param name="sparse24">Prune every encoder and pooler weight to 2:4 (a random pair of each group of four is kept).</param>
    /// <param name="int16Layers">Module paths of encoder layers that stay out of INT8.</param>
    public static QuantizedGraph Create(BertArchitecture architecture, int seed, bool sparse24 = false, IReadOnlySet<string>? int16Layers = null)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        var random = new Random(seed);
        var a = architecture;

        float[] Values(int count, float amplitude, float offset = 0)
        {
            var v = new float[count];
            for (var i = 0; i < count; i++) v[i] = offset + amplitude * (2 * random.NextSingle() - 1);
            return v;
        }

        EmbeddingTable Table(string name, int rows) =>
            new() { Name = name, Rows = rows, Columns = a.Hidden, Values = Values(rows * a.Hidden, 1f) };
        QuantizedLayerNorm Norm(string name) => new(name, Values(a.Hidden, 0.3f, 1f), Values(a.Hidden, 0.2f), 16);

        QuantizedLinear Linear(string name, int outputs, int inputs, float inputAmax)
        {
            var int8 = int16Layers?.Contains(name) != true && name != ModuleNames.Classifier;
            var max = int8 ? NumericsContract.Int8Max : NumericsContract.Int16Max;
            var mask = sparse24 && name != ModuleNames.Classifier ? RandomMask(outputs, inputs, random) : null;
            var codes = new short[outputs * inputs];
            for (var i = 0; i < codes.Length; i++)
            {
                var code = (short)random.Next(-max, max + 1);
                codes[i] = mask is null || mask.IsKept(i / inputs, i % inputs) ? code : (short)0;
            }

            // Uniform codes have variance max²/3; this keeps outputs near unit variance for unit-variance inputs.
            var weightScale = MathF.Sqrt(3f / inputs * (mask is null ? 1 : 2)) / max;
            return new QuantizedLinear
            {
                Name = name,
                Out = outputs,
                In = inputs,
                Int8Weight = int8 ? Array.ConvertAll(codes, c => (sbyte)c) : null,
                Int16Weight = int8 ? null : codes,
                WeightScale = Array.ConvertAll(Values(outputs, 0.2f, 1f), v => v * weightScale),
                Input = QuantizationParameters.FromAmax(inputAmax, max),
                Bias = Values(outputs, 0.1f),
                Mask = mask,
            };
        }

        var layers = new List<QuantizedEncoderLayer>();
        for (var i = 0; i < a.Layers; i++)
        {
            layers.Add(new QuantizedEncoderLayer
            {
                Query = Linear(ModuleNames.Query(i), a.Hidden, a.Hidden, 4f),
                Key = Linear(ModuleNames.Key(i), a.Hidden, a.Hidden, 4f),
                Value = Linear(ModuleNames.Value(i), a.Hidden, a.Hidden, 4f),
                QueryOutput = QuantizationParameters.FromAmax(4.1f),
                KeyOutput = QuantizationParameters.FromAmax(3.9f),
                ValueOutput = QuantizationParameters.FromAmax(4f),
                AttentionOutput = Linear(ModuleNames.AttentionOutput(i), a.Hidden, a.Hidden, 3f),
                AttentionLayerNorm = Norm(ModuleNames.AttentionLayerNorm(i)),
                Intermediate = Linear(ModuleNames.Intermediate(i), a.Intermediate, a.Hidden, 4f),
                Output = Linear(ModuleNames.Output(i), a.Hidden, a.Intermediate, 3.5f),
                OutputLayerNorm = Norm(ModuleNames.OutputLayerNorm(i)),
            });
        }

        return new QuantizedGraph
        {
            Architecture = a,
            WordEmbeddings = Table(ModuleNames.WordEmbeddings, a.VocabSize),
            PositionEmbeddings = Table(ModuleNames.PositionEmbeddings, a.MaxPositions),
            TokenTypeEmbeddings = Table(ModuleNames.TokenTypeEmbeddings, a.TypeVocabSize),
            EmbeddingLayerNorm = Norm(ModuleNames.EmbeddingLayerNorm),
            Layers = layers,
            Pooler = Linear(ModuleNames.Pooler, a.Hidden, a.Hidden, 4f),
            Classifier = Linear(ModuleNames.Classifier, a.Classes, a.Hidden, 1f),
        };
    }

    /// <summary>A batch of random tokens.</summary>
    /// <param name="architecture">Limits of token ids and types.</param>
    /// <param name="lengths">Length of each sequence.</param>
    /// <param name="seed">The same seed gives the same batch.</param>
    public static TokenBatch CreateBatch(BertArchitecture architecture, IReadOnlyList<int> lengths, int seed)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(lengths);
        var random = new Random(seed);
        int[] Row(int length, int limit) => [.. Enumerable.Range(0, length).Select(_ => random.Next(limit))];
        return TokenBatch.FromSequences(
            [.. lengths.Select(n => Row(n, architecture.VocabSize))],
            [.. lengths.Select(n => Row(n, architecture.TypeVocabSize))]);
    }

    private static WeightMask RandomMask(int outputs, int inputs, Random random)
    {
        var bits = new byte[outputs * inputs / 8];
        ReadOnlySpan<byte> pairs = [0b0011, 0b0101, 0b1001, 0b0110, 0b1010, 0b1100];
        for (var i = 0; i < bits.Length; i++) bits[i] = (byte)(pairs[random.Next(6)] | pairs[random.Next(6)] << 4);
        return new WeightMask("2:4", outputs, inputs, bits);
    }
}
