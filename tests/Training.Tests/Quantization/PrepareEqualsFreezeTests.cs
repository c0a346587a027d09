using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.Quantization.Freezing;
using QatKit.Quantization.Placement;
using QatKit.Quantization.Surgery;
using QatKit.Sparsity;
using QatKit.TestKit;
using QatKit.Training.Bert;
using QatKit.Training.Tests.Bert;
using static TorchSharp.torch;

namespace QatKit.Training.Tests.Quantization;

/// <summary>The fake-quantized model in evaluation mode is the frozen graph, bit for bit, in every intermediate tensor.</summary>
public sealed class PrepareEqualsFreezeTests
{
    [Fact]
    public void Every_code_and_the_logits_are_equal_over_many_seeds()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var plan = new QuantizationPlan { Int8Embeddings = seed % 3 == 0, Ignore = seed % 4 == 1 ? ["*.layer.0.intermediate.dense", "*.layer.1.attention.self.query"] : [] };
            Check(TinyBert.Config() with { Classes = 1 + seed % 3, Heads = 1 << seed % 3 }, seed, plan, sparse: seed % 2 == 1);
        }
    }

    [Theory]
    [InlineData(128, 2, 512, 64)]
    [InlineData(36, 3, 44, 33)] // no multiples of the vector width
    [InlineData(32, 2, 2112, 5)] // K beyond one exact float32 sum, three parts
    public void Every_code_and_the_logits_are_equal_at_other_shapes(int hidden, int heads, int intermediate, int longest)
    {
        var config = TinyBert.Config() with { HiddenSize = hidden, Heads = heads, IntermediateSize = intermediate, MaxPositions = 64 };
        Check(config, 7, new QuantizationPlan(), sparse: false, longest);
    }

    private static void Check(BertConfig config, int seed, QuantizationPlan plan, bool sparse, int longest = 16)
    {
        using var scope = NewDisposeScope();
        var (model, prepared) = PreparedBert.Calibrated(config, seed, plan);
        using var disposed = model;
        var masks = sparse ? Prune(model) : null;
        var batch = TinyBert.Batch(config, seed, longest, 1, longest / 2 + 1);

        RecordedTrace expected = new(), actual = new();
        var reference = ReferenceExecutor.Run(Freezer.Freeze(prepared, masks), batch, expected);
        prepared.Trace = actual;
        using var noGrad = no_grad();
        var logits = model.Run(batch).data<float>().ToArray();
        expected.AssertEqual(actual, $"seed {seed}");
        TensorAssert.BitEqual(reference, logits, context: $"seed {seed}");
    }

    private static Dictionary<string, WeightMask> Prune(BertForSequenceClassification model)
    {
        using var noGrad = no_grad();
        var masks = new Dictionary<string, WeightMask>();
        foreach (var path in LinearLayers.Of(model.Architecture).Where(p => p != ModuleNames.Classifier))
        {
            var weight = model.get_parameter(path + ".weight")!;
            var values = weight.data<float>().ToArray();
            var mask = NmMask.Magnitude24(values, (int)weight.shape[0], (int)weight.shape[1]);
            for (var i = 0; i < values.Length; i++)
                if (!mask.IsKept(i / mask.In, i % mask.In)) values[i] = 0;
            weight.copy_(tensor(values, weight.shape));
            masks.Add(path, mask);
        }

        return masks;
    }
}
