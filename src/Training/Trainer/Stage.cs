using TorchSharp;

namespace QatKit.Training.Trainer;

/// <summary>One pass of the trainer over several epochs.</summary>
/// <param name="Name">Name in progress, metrics and checkpoints.</param>
/// <param name="Epochs">Passes over the training data.</param>
/// <param name="LearningRate">Peak learning rate.</param>
/// <param name="Hooks">What happens around the steps besides training.</param>
public sealed record Stage(string Name, int Epochs, double LearningRate, IStageHooks Hooks);

/// <summary>What a stage does around the steps: quantizers that switch on and freeze, masks that are held.</summary>
public interface IStageHooks
{
    /// <summary>True once the model is what the stage is about, so that its metric may decide which epoch was best.</summary>
    bool IsSettled { get; }

    /// <summary>Called before the first step of a stage that is not resumed.</summary>
    /// <param name="optimizer">The stage's optimizer.</param>
    /// <param name="cancellation">Ends a long preparation.</param>
    void Begin(torch.optim.Optimizer optimizer, CancellationToken cancellation);

    /// <summary>Called before each step.</summary>
    /// <param name="index">Steps done, from 0.</param>
    /// <param name="optimizer">The stage's optimizer.</param>
    void BeforeStep(long index, torch.optim.Optimizer optimizer);

    /// <summary>Called when the gradients are complete, before their norm is taken and clipped.</summary>
    void PrepareGradients();

    /// <summary>Makes the optimizer's step once the gradients are what it shall see.</summary>
    void ApplyStep(torch.optim.Optimizer optimizer);

    /// <summary>State besides parameters and optimizer, by name.</summary>
    IEnumerable<(string Name, torch.Tensor Tensor)> StateTensors();

    /// <summary>Takes the state over that <see cref="StateTensors"/> gave.</summary>
    /// <param name="tensors">All tensors of the checkpoint, by name.</param>
    void LoadState(IReadOnlyDictionary<string, torch.Tensor> tensors);
}

/// <summary>A stage that only trains.</summary>
public sealed class PlainStage : IStageHooks
{
    /// <inheritdoc/>
    public bool IsSettled => true;

    /// <inheritdoc/>
    public void Begin(torch.optim.Optimizer optimizer, CancellationToken cancellation) { }

    /// <inheritdoc/>
    public void BeforeStep(long index, torch.optim.Optimizer optimizer) { }

    /// <inheritdoc/>
    public void PrepareGradients() { }

    /// <inheritdoc/>
    public void ApplyStep(torch.optim.Optimizer optimizer) => optimizer.step();

    /// <inheritdoc/>
    public IEnumerable<(string Name, torch.Tensor Tensor)> StateTensors() => [];

    /// <inheritdoc/>
    public void LoadState(IReadOnlyDictionary<string, torch.Tensor> tensors) { }
}
