using QatKit.Quantization.Layout;
using QatKit.Quantization.Surgery;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace QatKit.Training.Bert;

/// <summary>Multi-head self-attention in float: [T, H] to the context [T, H].</summary>
internal sealed class BertSelfAttention : nn.Module<Tensor, TokenLayout, Tensor>, ISelfAttention
{
    internal BertSelfAttention(BertConfig config)
        : base(nameof(BertSelfAttention))
    {
        Query = nn.Linear(config.HiddenSize, config.HiddenSize);
        Key = nn.Linear(config.HiddenSize, config.HiddenSize);
        Value = nn.Linear(config.HiddenSize, config.HiddenSize);
        Heads = config.Heads;
        Dropout = config.AttentionDropout;
        register_module("query", Query);
        register_module("key", Key);
        register_module("value", Value);
    }

    public Linear Query { get; }

    public Linear Key { get; }

    public Linear Value { get; }

    public int Heads { get; }

    public double Dropout { get; }

    public override Tensor forward(Tensor hidden, TokenLayout layout)
    {
        long h = hidden.shape[1];

        // [T, H] -> [B, A, S, D]
        Tensor Split(Tensor x) => RowGather.Pad(x, layout).view(layout.Sequences, layout.Longest, Heads, h / Heads).transpose(1, 2);
        var q = Split(Query.forward(hidden));
        var k = Split(Key.forward(hidden));
        var v = Split(Value.forward(hidden));
        var bias = layout.IsDense ? null : layout.KeyBias(hidden.device);
        var context = nn.functional.scaled_dot_product_attention(q, k, v, bias!, training ? Dropout : 0);
        return RowGather.Unpad(context.transpose(1, 2).reshape(layout.Sequences * layout.Longest, h), layout); // [T, H]
    }
}
