using static TorchSharp.torch;

namespace QatKit.Quantization.Layout;

/// <summary>Scaled dot-product attention in float, with torch's own operation.</summary>
public static class FloatAttention
{
    /// <summary>Query, key and value [T, H] to the context [T, H].</summary>
    /// <param name="query">[T, H].</param>
    /// <param name="key">[T, H].</param>
    /// <param name="value">[T, H].</param>
    /// <param name="layout">Sequences of the tokens.</param>
    /// <param name="heads">A; divides H.</param>
    /// <param name="dropout">Dropout probability of the attention probabilities.</param>
    public static Tensor Apply(Tensor query, Tensor key, Tensor value, TokenLayout layout, int heads, double dropout)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(layout);
        var h = query.shape[1];

        // [T, H] -> [B, A, S, D]
        Tensor Split(Tensor x) => RowGather.Pad(x, layout).view(layout.Sequences, layout.Longest, heads, h / heads).transpose(1, 2);
        var bias = layout.IsDense ? null : layout.KeyBias(query.device);
        var context = nn.functional.scaled_dot_product_attention(Split(query), Split(key), Split(value), bias!, dropout);
        return RowGather.Unpad(context.transpose(1, 2).reshape(layout.Sequences * layout.Longest, h), layout);
    }
}
