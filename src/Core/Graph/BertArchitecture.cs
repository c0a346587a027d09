namespace QatKit.Core.Graph;

/// <summary>Sizes of a BERT encoder with a sequence-classification head.</summary>
/// <param name="Layers">Encoder layers L.</param>
/// <param name="Hidden">Hidden size H.</param>
/// <param name="Heads">Attention heads A; A divides H.</param>
/// <param name="Intermediate">FFN size F.</param>
/// <param name="VocabSize">Rows of the word embedding.</param>
/// <param name="MaxPositions">Rows of the position embedding: the longest sequence in tokens.</param>
/// <param name="TypeVocabSize">Rows of the token-type embedding.</param>
/// <param name="Classes">Outputs C of the classifier; 1 is regression.</param>
/// <param name="LayerNormEpsilon">eps of every LayerNorm.</param>
public sealed record BertArchitecture(
    int Layers, int Hidden, int Heads, int Intermediate, int VocabSize, int MaxPositions, int TypeVocabSize,
    int Classes, double LayerNormEpsilon = 1e-12)
{
    /// <summary>Head size D = H / A.</summary>
    public int HeadDim => Hidden / Heads;
}
