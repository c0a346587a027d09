using QatKit.Core.Graph;
using QatKit.Quantization.Calibration;
using QatKit.Quantization.Modules;
using QatKit.Quantization.Placement;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace QatKit.Quantization.Surgery;

/// <summary>Swaps a float model's modules for fake-quantized ones, in place.</summary>
public static class ModuleSurgeon
{
    /// <summary>Prepares a model for calibration and quantization-aware training.</summary>
    /// <remarks>The model keeps its parameters (the same objects, so an optimizer made before still works), their names and its
    /// results: the phase is <see cref="QuantizationPhase.Off"/> until it is set. Move the model to its device before.</remarks>
    /// <param name="model">A classifier with Hugging Face module paths; changed in place.</param>
    /// <param name="plan">Which layers, and how.</param>
    /// <param name="sparseLayers">Layers that are pruned, for the printed table only.</param>
    /// <exception cref="Core.Diagnostics.QatKitException">QK2010, QK2011: a pattern of the plan matches nothing or is invalid.</exception>
    /// <exception cref="InvalidOperationException">The model is prepared already.</exception>
    public static PreparedModel Prepare<TModel>(TModel model, QuantizationPlan plan, IReadOnlySet<string>? sparseLayers = null)
        where TModel : nn.Module, IQuantizableClassifier
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(plan);
        var placement = plan.Resolve(model.Architecture, sparseLayers); // before anything is touched
        if (model.modules().Any(m => m is FakeQuantLinear)) throw new InvalidOperationException("The model is prepared already.");
        var operation = new Operation(model, model.Architecture, plan, placement);
        operation.Run();
        return operation.Finish();
    }

    private sealed class Operation(nn.Module model, BertArchitecture architecture, QuantizationPlan plan, PlacementTable placement)
    {
        private readonly QuantizationControl _control = new(plan.RangeMomentum);
        private readonly PreparedModules _modules = new();
        private readonly List<ActivationRange> _ranges = [];

        internal void Run()
        {
            // Listed first: replacing changes the tree.
            var hosts = model.named_modules().Select(m => (Path: m.name, m.module)).Prepend((Path: "", module: model))
                .Where(m => m.module is IModuleHost).ToList();
            foreach (var (path, host) in hosts)
                foreach (var slot in ((IModuleHost)host).Slots)
                    if (Replacement(path.Length == 0 ? slot.Name : $"{path}.{slot.Name}", slot.Occupant) is { } replacement) slot.Replace(replacement);
        }

        internal PreparedModel Finish() => new(model, architecture, placement, _control, _modules, _ranges);

        private nn.Module? Replacement(string path, nn.Module occupant) => occupant switch
        {
            ISelfAttention attention => Attention(path, attention),
            Linear linear => Linear(path, linear, Quantizer(path + ".input", placement.Of(path).InputCalibrator)),
            LayerNorm norm => Norm(path, norm),
            GELU or TorchSharp.Modules.Tanh => new ContractActivation((nn.Module<Tensor, Tensor>)occupant, _control),
            Embedding embedding when placement.Int8Embeddings => Embedding(path, embedding),
            _ => null,
        };

        private FakeQuantSelfAttention Attention(string path, ISelfAttention source)
        {
            var input = Quantizer(path + ".input", placement.Of(path + ".query").InputCalibrator);
            (string Name, Linear Layer)[] projections = [("query", source.Query), ("key", source.Key), ("value", source.Value)];
            var attention = new FakeQuantSelfAttention(
                path,
                [.. projections.Select(p => Linear($"{path}.{p.Name}", p.Layer, input))],
                [.. projections.Select(p => Quantizer($"{path}.{p.Name}.output", plan.Calibrator))],
                source.Heads, source.Dropout, _control);
            _modules.Attentions.Add(path, attention);
            return attention;
        }

        private FakeQuantLinear Linear(string path, Linear source, FakeQuantizer input)
        {
            var linear = new FakeQuantLinear(path, source, placement.Of(path).Width, input, _control)
            {
                InputTraceName = LinearLayers.InputTraceName(path, architecture.Layers),
                OutputTraceName = path == ModuleNames.Classifier ? ModuleNames.Logits : null,
            };
            _modules.Linears.Add(path, linear);
            return linear;
        }

        private FakeQuantLayerNorm Norm(string path, LayerNorm source)
        {
            // The grid must hold every value, so its range is the maximum whatever calibrates the quantizers.
            var norm = new FakeQuantLayerNorm(path, source, architecture.LayerNormEpsilon, Range(path + ".input", CalibratorSettings.Max), _control);
            _modules.LayerNorms.Add(path, norm);
            return norm;
        }

        private FakeQuantEmbedding Embedding(string path, Embedding source) => new(path, source, _control);

        private FakeQuantizer Quantizer(string name, CalibratorSettings calibrator) => new(Range(name, calibrator));

        private ActivationRange Range(string name, CalibratorSettings calibrator)
        {
            var range = new ActivationRange(name, calibrator.Create(), _control);
            _ranges.Add(range);
            return range;
        }
    }
}
