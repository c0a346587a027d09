using QatKit.TestKit;
using QatKit.Training.Bert;
using QatKit.Training.Runs;
using QatKit.Training.Telemetry;
using QatKit.Training.Trainer;
using TorchSharp;

namespace QatKit.Training.Tests.Trainer;

/// <summary>The trainer alone, on the model and data of the tiny recipe.</summary>
internal sealed class TrainerRig : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly int _epochs;

    internal TrainerRig(params string[] overrides)
    {
        var loaded = TinyRecipe.Load(["model.dropout=0", .. overrides]);
        Inputs = RunInputs.Load(loaded);
        Model = ModelFactory.Create(loaded, Inputs).Model;
        Settings = new TrainerSettings
        {
            Train = loaded.Recipe.Train, TrainData = Inputs.Train, DevData = Inputs.Dev, Metric = loaded.Recipe.Task.Metric, CheckpointFolder = _folder.Path,
        };
        _epochs = loaded.Recipe.Train.Epochs;
        Trainer = new QatTrainer(Model, Settings, new MetricSinks(), null, TimeProvider.System);
    }

    internal RunInputs Inputs { get; }

    internal BertForSequenceClassification Model { get; }

    internal TrainerSettings Settings { get; }

    internal QatTrainer Trainer { get; }

    internal TrainingState Run(IStageHooks hooks, CancellationToken cancellation) => Trainer.Run(new Stage("test", _epochs, 1e-3, hooks), resume: false, cancellation);

    /// <summary>Gradients of all parameters by name.</summary>
    internal Dictionary<string, float[]> Gradients() =>
        Model.named_parameters().Where(p => p.parameter.grad is not null).ToDictionary(p => p.name, p => p.parameter.grad!.data<float>().ToArray());

    internal double GradientNorm() => Math.Sqrt(Gradients().Values.Sum(g => g.Sum(v => (double)v * v)));

    public void Dispose()
    {
        Model.Dispose();
        _folder.Dispose();
    }

    /// <summary>Another stage's hooks, with a look at the gradients before and after they are clipped.</summary>
    internal sealed class Watch(IStageHooks inner) : IStageHooks
    {
        internal Action? Prepared { get; init; }

        internal Action? Clipped { get; init; }

        public bool IsSettled => true;

        public void Begin(torch.optim.Optimizer optimizer, CancellationToken cancellation) => inner.Begin(optimizer, cancellation);

        public void BeforeStep(long index, torch.optim.Optimizer optimizer) => inner.BeforeStep(index, optimizer);

        public void PrepareGradients()
        {
            inner.PrepareGradients();
            Prepared?.Invoke();
        }

        public void ApplyStep(torch.optim.Optimizer optimizer)
        {
            Clipped?.Invoke();
            inner.ApplyStep(optimizer);
        }

        public IEnumerable<(string Name, torch.Tensor Tensor)> StateTensors() => inner.StateTensors();

        public void LoadState(IReadOnlyDictionary<string, torch.Tensor> tensors) => inner.LoadState(tensors);
    }
}
