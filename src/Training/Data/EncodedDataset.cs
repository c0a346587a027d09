using QatKit.Core.Graph;
using QatKit.Text;

namespace QatKit.Training.Data;

/// <summary>A split as token ids and labels, in file order.</summary>
public sealed class EncodedDataset
{
    private readonly EncodedText[] _texts;
    private readonly float[] _labels;

    private EncodedDataset(EncodedText[] texts, float[] labels, int paddingId)
    {
        _texts = texts;
        _labels = labels;
        PaddingId = paddingId;
    }

    /// <summary>Number of examples.</summary>
    public int Count => _texts.Length;

    /// <summary>The id that fills up short rows of a batch.</summary>
    public int PaddingId { get; }

    /// <summary>Labels in file order, [Count]; NaN where a row has none.</summary>
    public IReadOnlyList<float> Labels => _labels;

    /// <summary>The encoded text of one example.</summary>
    public EncodedText this[int index] => _texts[index];

    /// <summary>Encodes every example.</summary>
    public static EncodedDataset Create(TextDataset dataset, BertTextEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(encoder);
        var texts = new EncodedText[dataset.Examples.Count];
        Parallel.For(0, texts.Length, i => texts[i] = encoder.Encode(dataset.Examples[i].Text, dataset.Examples[i].Pair));
        return new EncodedDataset(texts, [.. dataset.Examples.Select(e => e.Label ?? float.NaN)], encoder.PaddingId);
    }

    /// <summary>Some examples as a ragged batch for the inference engine.</summary>
    public TokenBatch Batch(IReadOnlyList<int> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        return TokenBatch.FromSequences([.. indices.Select(i => _texts[i].InputIds)], [.. indices.Select(i => _texts[i].TokenTypeIds)]);
    }
}
