using QatKit.Quantization.Kernels;
using QatKit.Quantization.Layout;
using QatKit.Quantization.Surgery;
using static TorchSharp.torch;

namespace QatKit.Training.Bert;

/// <summary>Sum of word, position and token-type embeddings, LayerNorm, dropout: ids [T] to [T, H].</summary>
internal sealed class BertEmbeddings : nn.Module<Tensor, Tensor, TokenLayout, Tensor>, IModuleHost
{
    private readonly ModuleSlot<nn.Module<Tensor, Tensor>> _word;
    private readonly ModuleSlot<nn.Module<Tensor, Tensor>> _position;
    private readonly ModuleSlot<nn.Module<Tensor, Tensor>> _type;
    private readonly ModuleSlot<nn.Module<Tensor, Tensor>> _norm;
    private readonly nn.Module<Tensor, Tensor> _dropout;

    internal BertEmbeddings(BertConfig config)
        : base(nameof(BertEmbeddings))
    {
        _word = new(this, "word_embeddings", nn.Embedding(config.VocabSize, config.HiddenSize));
        _position = new(this, "position_embeddings", nn.Embedding(config.MaxPositions, config.HiddenSize));
        _type = new(this, "token_type_embeddings", nn.Embedding(config.TypeVocabSize, config.HiddenSize));
        _norm = new(this, "LayerNorm", nn.LayerNorm(config.HiddenSize, config.LayerNormEpsilon));
        _dropout = nn.Dropout(config.HiddenDropout);
        register_module("dropout", _dropout);
    }

    public IReadOnlyList<IModuleSlot> Slots => [_word, _position, _type, _norm];

    public override Tensor forward(Tensor ids, Tensor types, TokenLayout layout)
    {
        var positions = tensor(layout.Positions(), device: ids.device); // [T]
        // This order of the two sums is part of the numerics contract.
        var sum = _word.Module.forward(ids).Plus(_position.Module.forward(positions)).Plus(_type.Module.forward(types)); // [T, H]
        return _dropout.forward(_norm.Module.forward(sum));
    }
}
