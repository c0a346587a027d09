using QatKit.Core.Numerics;

namespace QatKit.Core.Graph;

/// <summary>The sizes that a model may have: those for which every sum of the arithmetic is exact.</summary>
public static class ArchitectureLimits
{
    /// <summary>One sentence for every size that is not possible, with the key of config.json, the value, the limit and the remedy.</summary>
    public static IReadOnlyList<string> Problems(BertArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        var a = architecture;
        var problems = new List<string>();
        void Require(bool ok, FormattableString message)
        {
            if (!ok) problems.Add(FormattableString.Invariant(message));
        }

        Require(a.Layers >= 1, $"num_hidden_layers = {a.Layers}; at least 1 is needed. Correct it.");
        Require(a.Hidden is >= 1 and <= NumericsContract.MaxHidden, $"hidden_size = {a.Hidden} is outside 1..{NumericsContract.MaxHidden}, within which LayerNorm is exact. Use a smaller model.");
        Require(a.Heads >= 1 && a.Hidden % Math.Max(1, a.Heads) == 0, $"num_attention_heads = {a.Heads} does not divide hidden_size = {a.Hidden}. Use a divisor.");
        Require(a.Intermediate is >= 1 and <= NumericsContract.MaxInt8Reduction, $"intermediate_size = {a.Intermediate} is outside 1..{NumericsContract.MaxInt8Reduction}, within which a sum is exact. Use a smaller model.");
        Require(a.VocabSize >= 1, $"vocab_size = {a.VocabSize}; at least 1 is needed. Correct it.");
        Require(a.MaxPositions is >= 1 and <= NumericsContract.MaxPositions, $"max_position_embeddings = {a.MaxPositions} is outside 1..{NumericsContract.MaxPositions}, within which attention is exact. Use a smaller model.");
        Require(a.TypeVocabSize >= 1, $"type_vocab_size = {a.TypeVocabSize}; at least 1 is needed. Correct it.");
        Require(a.Classes >= 1, $"num_labels = {a.Classes}; at least 1 is needed. Correct it.");
        Require(double.IsFinite(a.LayerNormEpsilon) && a.LayerNormEpsilon > 0, $"layer_norm_eps = {a.LayerNormEpsilon} is not a positive number. Use the one that the model was trained with, for example 1e-12.");
        return problems;
    }
}
