using QatKit.Core.Graph;
using QatKit.Quantization.Layout;
using QatKit.Quantization.Surgery;
using static TorchSharp.torch;

namespace QatKit.Training.Bert;

/// <summary>BERT with a classification head; module paths and parameter names are Hugging Face's.</summary>
/// <remarks>Batches are padded on the right. Dropout draws from torch's own random generator.</remarks>
public sealed class BertForSequenceClassification : nn.Module<Tensor, Tensor, Tensor, Tensor>, IModuleHost, IQuantizableClassifier
{
    private readonly BertModel _bert;
    private readonly nn.Module<Tensor, Tensor> _dropout;
    private readonly ModuleSlot<nn.Module<Tensor, Tensor>> _classifier;

    /// <summary>Builds a model with random weights: normal(0, initializer_range), biases 0, LayerNorms 1 and 0.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    /// <exception cref="Core.Diagnostics.QatKitException">QK2021: the configuration is not valid.</exception>
    public BertForSequenceClassification(BertConfig config, int seed)
        : base(nameof(BertForSequenceClassification))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check("config");
        Config = config;
        _bert = new BertModel(config);
        register_module("bert", _bert);
        _dropout = nn.Dropout(config.ClassifierDropout ?? config.HiddenDropout);
        register_module("dropout", _dropout);
        _classifier = new(this, "classifier", nn.Linear(config.HiddenSize, config.Classes));
        Initialize(seed);
    }

    /// <summary>The configuration.</summary>
    public BertConfig Config { get; }

    /// <inheritdoc/>
    public BertArchitecture Architecture => Config.ToArchitecture();

    /// <inheritdoc/>
    public IReadOnlyList<IModuleSlot> Slots => [_classifier];

    /// <summary>Computes logits.</summary>
    /// <param name="ids">Token ids, int64 [B, S].</param>
    /// <param name="types">Segment ids, int64 [B, S].</param>
    /// <param name="lengths">Tokens of each row before its padding, int64 [B], each 1..S.</param>
    /// <returns>Logits [B, C].</returns>
    public override Tensor forward(Tensor ids, Tensor types, Tensor lengths)
    {
        using var onCpu = lengths.cpu();
        var layout = TokenLayout.FromLengths(Array.ConvertAll(onCpu.data<long>().ToArray(), n => checked((int)n)));
        var width = ids.shape[1];
        if (layout.Longest > width) throw new ArgumentException($"A length is {layout.Longest}, but the batch is {width} wide.", nameof(lengths));
        if (layout.Longest > Config.MaxPositions) throw new ArgumentException($"A sequence has {layout.Longest} tokens, the model's limit is {Config.MaxPositions}.", nameof(lengths));

        // [B, S] -> [T]: the tokens without padding.
        var index = new long[layout.Tokens];
        for (var t = 0; t < index.Length; t++) index[t] = layout.SlotOfToken[t] / layout.Longest * width + layout.SlotOfToken[t] % layout.Longest;
        var tokens = tensor(index, device: ids.device);
        return Forward(ids.reshape(-1).index_select(0, tokens), types.reshape(-1).index_select(0, tokens), layout);
    }

    /// <summary>Computes logits of a ragged batch.</summary>
    /// <param name="batch">Token sequences.</param>
    /// <returns>Logits [B, C].</returns>
    /// <exception cref="Core.Diagnostics.QatKitException">The batch does not fit the model.</exception>
    public Tensor Run(TokenBatch batch)
    {
        TokenBatchValidator.Check(batch, Architecture);
        var device = _bert.Embeddings.parameters().First().device;
        var layout = TokenLayout.FromLengths([.. Enumerable.Range(0, batch.Count).Select(batch.LengthOf)]);
        return Forward(
            tensor(Array.ConvertAll(batch.InputIds.ToArray(), i => (long)i), device: device),
            tensor(Array.ConvertAll(batch.TokenTypeIds.ToArray(), i => (long)i), device: device), layout);
    }

    /// <summary>Runs one encoder layer alone.</summary>
    /// <param name="index">Layer, from 0.</param>
    /// <param name="hidden">The layer's input [T, H], tokens without padding.</param>
    /// <param name="layout">Sequences of the tokens.</param>
    /// <returns>The layer's output [T, H].</returns>
    public Tensor RunLayer(int index, Tensor hidden, TokenLayout layout) => _bert.Encoder.Layers[index].forward(hidden, layout);

    /// <summary>Runs pooler and classifier alone: [T, H] to logits [B, C].</summary>
    public Tensor RunHead(Tensor hidden, TokenLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        return _classifier.Module.forward(_dropout.forward(_bert.Pool(hidden, layout)));
    }

    private Tensor Forward(Tensor ids, Tensor types, TokenLayout layout) =>
        _classifier.Module.forward(_dropout.forward(_bert.forward(ids, types, layout)));

    private void Initialize(int seed)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (var (name, parameter) in named_parameters())
        {
            if (name.EndsWith(".bias", StringComparison.Ordinal)) nn.init.zeros_(parameter);
            else if (name.EndsWith("LayerNorm.weight", StringComparison.Ordinal)) nn.init.ones_(parameter);
            else parameter.normal_(0, Config.InitializerRange, generator);
        }
    }
}
