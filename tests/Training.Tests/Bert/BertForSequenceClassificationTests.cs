using QatKit.Core.Graph;
using QatKit.TestKit;
using QatKit.Training.Bert;
using static TorchSharp.torch;

namespace QatKit.Training.Tests.Bert;

public sealed class BertForSequenceClassificationTests
{
    [Fact]
    public void Logits_equal_the_textbook_formula()
    {
        using var scope = NewDisposeScope();
        using var model = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
        model.eval();
        var batch = TinyBert.Batch(model.Config, 2, 5, 16, 1);
        using var noGrad = no_grad();
        var logits = model.Run(batch).data<float>().ToArray();
        for (var b = 0; b < batch.Count; b++)
        {
            var expected = Textbook(model, batch, b).data<float>().ToArray();
            TensorAssert.Close(expected, logits.AsSpan(b * 3, 3), 1e-5, context: $"sequence {b}");
        }
    }

    [Fact]
    public void Padding_on_the_right_does_not_change_the_logits()
    {
        using var scope = NewDisposeScope();
        using var model = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
        model.eval();
        var ids = tensor(new long[] { 3, 4, 5, 0, 0, 0, 7, 8, 9, 10, 11, 0 }).view(2, 6);
        var types = zeros_like(ids);
        using var noGrad = no_grad();
        var padded = model.forward(ids, types, tensor(new long[] { 3, 5 }));
        var first = model.forward(ids[..1, ..3], types[..1, ..3], tensor(new long[] { 3 }));
        var second = model.forward(ids[1.., ..5], types[1.., ..5], tensor(new long[] { 5 }));
        TensorAssert.Close(cat([first, second]).data<float>().ToArray(), padded.data<float>().ToArray(), 1e-6);
    }

    [Fact]
    public void The_gradient_of_a_padded_batch_is_the_sum_of_its_sequences_gradients()
    {
        using var scope = NewDisposeScope();
        using var model = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
        var batch = TinyBert.Batch(model.Config, 2, 5, 9);
        model.Run(batch).square().sum().backward();
        var together = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!.clone());
        model.zero_grad();
        for (var b = 0; b < 2; b++)
        {
            model.Run(TokenBatch.FromSequences([batch.InputIdsOf(b).ToArray()], [batch.TokenTypeIdsOf(b).ToArray()])).square().sum().backward();
        }

        foreach (var (name, parameter) in model.named_parameters())
        {
            var scale = together[name].abs().max().item<float>();
            TensorAssert.Close(together[name].data<float>().ToArray(), parameter.grad!.data<float>().ToArray(), 1e-4 * scale + 1e-6, context: name);
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_weights()
    {
        using var scope = NewDisposeScope();
        using var a = new BertForSequenceClassification(TinyBert.Config(), seed: 3);
        using var b = new BertForSequenceClassification(TinyBert.Config(), seed: 3);
        using var c = new BertForSequenceClassification(TinyBert.Config(), seed: 4);
        static float[] Query(BertForSequenceClassification m) => m.get_parameter(ModuleNames.Query(0) + ".weight")!.data<float>().ToArray();
        TensorAssert.BitEqual(Query(a), Query(b));
        Assert.NotEqual(Query(a), Query(c));
    }

    // One sequence, written out without TokenLayout, padding or fused attention.
    private static Tensor Textbook(BertForSequenceClassification model, TokenBatch batch, int index)
    {
        var p = model.named_parameters().ToDictionary(x => x.name, x => (Tensor)x.parameter);
        var c = model.Config;
        Tensor Dense(Tensor x, string name) => x.matmul(p[name + ".weight"].t()) + p[name + ".bias"];
        Tensor Norm(Tensor x, string name)
        {
            var mean = x.mean([-1], keepdim: true);
            var variance = (x - mean).square().mean([-1], keepdim: true);
            return (x - mean) / (variance + c.LayerNormEpsilon).sqrt() * p[name + ".weight"] + p[name + ".bias"];
        }

        var n = batch.LengthOf(index);
        var ids = tensor(Array.ConvertAll(batch.InputIdsOf(index).ToArray(), i => (long)i));
        var types = tensor(Array.ConvertAll(batch.TokenTypeIdsOf(index).ToArray(), i => (long)i));
        var h = p[ModuleNames.WordEmbeddings + ".weight"].index_select(0, ids)
            + p[ModuleNames.PositionEmbeddings + ".weight"].slice(0, 0, n, 1)
            + p[ModuleNames.TokenTypeEmbeddings + ".weight"].index_select(0, types);
        h = Norm(h, ModuleNames.EmbeddingLayerNorm);
        for (var l = 0; l < c.Layers; l++)
        {
            var d = c.HiddenSize / c.Heads;
            var contexts = new List<Tensor>();
            for (var head = 0; head < c.Heads; head++)
            {
                Tensor Part(string name) => Dense(h, name).slice(1, head * d, (head + 1) * d, 1);
                var scores = Part(ModuleNames.Query(l)).matmul(Part(ModuleNames.Key(l)).t()) / Math.Sqrt(d);
                contexts.Add(scores.softmax(-1).matmul(Part(ModuleNames.Value(l))));
            }

            h = Norm(Dense(cat(contexts, 1), ModuleNames.AttentionOutput(l)) + h, ModuleNames.AttentionLayerNorm(l));
            var up = Dense(h, ModuleNames.Intermediate(l));
            up = 0.5 * up * (1 + (up / Math.Sqrt(2)).erf());
            h = Norm(Dense(up, ModuleNames.Output(l)) + h, ModuleNames.OutputLayerNorm(l));
        }

        return Dense(Dense(h[..1], ModuleNames.Pooler).tanh(), ModuleNames.Classifier);
    }
}
