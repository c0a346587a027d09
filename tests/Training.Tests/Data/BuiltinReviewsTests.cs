using QatKit.Training.Data.Reviews;
using QatKit.Text;

namespace QatKit.Training.Tests.Data;

public sealed class BuiltinReviewsTests
{
    [Fact]
    public void Data_is_the_same_everywhere()
    {
        var (train, dev) = BuiltinReviews.Create();
        Assert.Equal("c056c38a94b133e8", train.Sha256[..16]);
        Assert.Equal("38a6677f81c659c2", dev.Sha256[..16]);
        Assert.Equal((12_000, 1_000), (train.Examples.Count, dev.Examples.Count));
        Assert.InRange(dev.Examples.Average(e => e.Label!.Value), 0.47, 0.53);
    }

    [Fact]
    public void No_sentence_occurs_twice()
    {
        var (train, dev) = BuiltinReviews.Create();
        var texts = train.Examples.Concat(dev.Examples).Select(e => e.Text).ToList();
        Assert.Equal(texts.Count, texts.Distinct().Count());
    }

    [Fact]
    public void Every_word_is_in_the_vocabulary_and_lengths_are_moderate()
    {
        var vocabulary = BuiltinReviews.CreateVocabulary();
        Assert.InRange(vocabulary.Count, 150, 400);
        var encoder = new BertTextEncoder(vocabulary);
        var unknown = encoder.Encode("xylophone").InputIds[1];
        foreach (var example in BuiltinReviews.Create().Dev.Examples)
        {
            var encoded = encoder.Encode(example.Text);
            Assert.DoesNotContain(unknown, encoded.InputIds);
            Assert.InRange(encoded.Length, 5, 28);
        }
    }

    // Logistic regression over word counts, full-batch gradient descent to convergence: what word statistics can do at best.
    [Fact]
    public void Bag_of_words_does_not_solve_it()
    {
        var (train, dev) = BuiltinReviews.Create();
        var words = train.Examples.SelectMany(e => e.Text.Split(' ')).Distinct().Select((w, i) => (w, i)).ToDictionary(p => p.w, p => p.i);
        var weights = new double[words.Count + 1];
        var rows = train.Examples.Select(e => (Bag: Bag(e.Text), Label: e.Label!.Value)).ToList();
        for (var epoch = 0; epoch < 300; epoch++)
        {
            var gradient = new double[weights.Length];
            foreach (var (bag, label) in rows)
            {
                var error = 1 / (1 + Math.Exp(-Score(bag))) - label;
                foreach (var word in bag) gradient[word] += error;
            }

            for (var i = 0; i < weights.Length; i++) weights[i] -= 0.7 / rows.Count * gradient[i];
        }

        var correct = dev.Examples.Count(e => Score(Bag(e.Text)) > 0 == (e.Label == 1));
        Assert.InRange(correct / (double)dev.Examples.Count, 0.55, 0.80);

        int[] Bag(string text) => [.. text.Split(' ').Select(w => words.GetValueOrDefault(w, words.Count)), words.Count];
        double Score(int[] bag) => bag.Sum(w => weights[w]);
    }
}
