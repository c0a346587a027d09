namespace QatKit.Core.Graph;

/// <summary>Parameters of one integer LayerNorm.</summary>
/// <param name="Name">Module path, for example <c>bert.embeddings.LayerNorm</c>.</param>
/// <param name="Gamma">[H].</param>
/// <param name="Beta">[H].</param>
/// <param name="Exponent">k: the grid's step is 2^-k.</param>
public sealed record QuantizedLayerNorm(string Name, float[] Gamma, float[] Beta, int Exponent);
