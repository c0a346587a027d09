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

    public override Tensor forward(Tensor hidden, TokenLayout layout) =>
        FloatAttention.Apply(Query.forward(hidden), Key.forward(hidden), Value.forward(hidden), layout, Heads, training ? Dropout : 0);
}
