using System.Security.Cryptography;
using System.Text;
using QatKit.Text;

namespace QatKit.Training.Data.Reviews;

/// <summary><c>builtin:reviews</c>: generated film reviews, the same on every machine, that need no download.</summary>
/// <remarks>Negation, contrast and intensifiers decide the label, so that counting words does not. No sentence occurs twice,
/// neither within a split nor across both.</remarks>
public static class BuiltinReviews
{
    /// <summary>The name by which recipes refer to the data and to its vocabulary.</summary>
    public const string Name = "builtin:reviews";

    private const int TrainCount = 12_000;
    private const int DevCount = 1_000;
    private const ulong Seed = 20_240;
    private static readonly string[] Labels = ["negative", "positive"];

    /// <summary>The vocabulary: a few hundred whole words.</summary>
    public static Vocabulary CreateVocabulary() => Vocabulary.FromTokens(ReviewWords.Vocabulary);

    /// <summary>12 000 training and 1 000 dev examples, half of them positive.</summary>
    public static (TextDataset Train, TextDataset Dev) Create()
    {
        var random = new SplitMix(Seed);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var dev = Take(DevCount, ref random, seen);
        var train = Take(TrainCount, ref random, seen);
        return (Dataset("train", train), Dataset("dev", dev));
    }

    private static List<TextExample> Take(int count, ref SplitMix random, HashSet<string> seen)
    {
        var examples = new List<TextExample>(count);
        while (examples.Count < count)
        {
            var example = ReviewGrammar.Next(ref random);
            if (seen.Add(example.Text)) examples.Add(example);
        }

        return examples;
    }

    private static TextDataset Dataset(string split, List<TextExample> examples)
    {
        var content = string.Concat(examples.Select(e => $"{e.Label}\t{e.Text}\n"));
        return new TextDataset($"{Name} ({split})", examples, Labels, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content))));
    }
}
