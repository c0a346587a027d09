using QatKit.Testing.Statistics;

namespace QatKit.Cli.Models;

/// <summary>What a model says about one text.</summary>
/// <param name="Label">Name of the class; the label of a regression.</param>
/// <param name="Probability">Softmax of the class, for people; null for a regression.</param>
/// <param name="Logits">The model's answer, [C].</param>
internal sealed record Prediction(string Label, double? Probability, float[] Logits)
{
    public static Prediction FromLogits(float[] logits, IReadOnlyList<string> labels)
    {
        if (logits.Length == 1) return new Prediction(labels[0], null, logits);
        var best = Classes.Argmax(logits, logits.Length)[0];
        return new Prediction(labels[best], 1 / logits.Sum(l => Math.Exp((double)l - logits[best])), logits);
    }

    public override string ToString() => Probability is { } p ? $"{Label} ({p:P1})" : $"{Label} {Logits[0]:F4}";
}
