using QatKit.Quantization.Layout;
using static TorchSharp.torch;

namespace QatKit.Training.Bert;

/// <summary>Embeddings, encoder and pooler.</summary>
internal sealed class BertModel : nn.Module<Tensor, Tensor, TokenLayout, Tensor>
{
    internal BertModel(BertConfig config)
        : base(nameof(BertModel))
    {
        Embeddings = new BertEmbeddings(config);
        Encoder = new BertEncoder(config);
        Pooler = new BertActivatedLinear(config.HiddenSize, config.HiddenSize, nn.Tanh());
        register_module("embeddings", Embeddings);
        register_module("encoder", Encoder);
        register_module("pooler", Pooler);
    }

    internal BertEmbeddings Embeddings { get; }

    internal BertEncoder Encoder { get; }

    internal BertActivatedLinear Pooler { get; }

    /// <summary>ids, types [T] to the pooled first tokens [B, H].</summary>
    public override Tensor forward(Tensor ids, Tensor types, TokenLayout layout) =>
        Pool(Encoder.forward(Embeddings.forward(ids, types, layout), layout), layout);

    /// <summary>[T, H] to [B, H]: the pooler over the first token of each sequence.</summary>
    internal Tensor Pool(Tensor hidden, TokenLayout layout)
    {
        var first = tensor(Array.ConvertAll(layout.Offsets[..^1], o => (long)o), device: hidden.device);
        return Pooler.forward(hidden.index_select(0, first));
    }
}
