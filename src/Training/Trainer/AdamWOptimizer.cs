using TorchSharp.Modules;
using static TorchSharp.torch;

namespace QatKit.Training.Trainer;

/// <summary>TorchSharp's AdamW over named parameters: no decay on biases and LayerNorms, and state that can be saved by name.</summary>
public sealed class AdamWOptimizer : IDisposable
{
    private readonly AdamW _adam;
    private readonly List<(string Name, Parameter Parameter, AdamW.State State)> _slots = [];

    /// <summary>Creates the optimizer; moments start at zero.</summary>
    public AdamWOptimizer(IEnumerable<(string Name, Parameter Parameter)> parameters, double weightDecay)
    {
        // Order by name: surgery moves children, and the state must be found again after a restart.
        var ordered = parameters.OrderBy(p => p.Name, StringComparer.Ordinal).ToList();
        var decayed = ordered.Where(p => HasDecay(p.Name)).ToList();
        var plain = ordered.Where(p => !HasDecay(p.Name)).ToList();
        _adam = new AdamW(
            [
                new AdamW.ParamGroup(decayed.Select(p => p.Parameter), weight_decay: weightDecay),
                new AdamW.ParamGroup(plain.Select(p => p.Parameter), weight_decay: 0),
            ]);
        var states = _adam.state_dict().State;
        foreach (var ((name, parameter), index) in decayed.Concat(plain).Select((p, i) => (p, i)))
            _slots.Add((name, parameter, (AdamW.State)states[index]));
    }

    /// <summary>The parameters in the order of the optimizer.</summary>
    public IEnumerable<Parameter> Parameters => _slots.Select(s => s.Parameter);

    /// <summary>The optimizer itself, for code that looks after its momentum.</summary>
    public optim.Optimizer Inner => _adam;

    /// <summary>Sets the learning rate of the next step.</summary>
    public void SetLearningRate(double rate)
    {
        foreach (var group in _adam.ParamGroups) group.LearningRate = rate;
    }

    /// <summary>Moments and step counts by name: <c>optimizer.NAME.first</c>, <c>.second</c>, <c>.step</c>.</summary>
    /// <remarks>The tensors are the optimizer's own, except the counts.</remarks>
    public IEnumerable<(string Name, Tensor Tensor)> StateTensors()
    {
        foreach (var (name, _, state) in _slots)
        {
            yield return ($"optimizer.{name}.first", state.exp_avg);
            yield return ($"optimizer.{name}.second", state.exp_avg_sq);
            yield return ($"optimizer.{name}.step", tensor(state.step));
        }
    }

    /// <summary>Takes the state over that <see cref="StateTensors"/> gave.</summary>
    public void LoadState(IReadOnlyDictionary<string, Tensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        using var noGrad = no_grad();
        foreach (var (name, _, state) in _slots)
        {
            state.exp_avg.copy_(tensors[$"optimizer.{name}.first"]);
            state.exp_avg_sq.copy_(tensors[$"optimizer.{name}.second"]);
            state.step = tensors[$"optimizer.{name}.step"].item<long>();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _adam.Dispose();

    private static bool HasDecay(string name) =>
        !name.EndsWith(".bias", StringComparison.Ordinal) && !name.Contains("LayerNorm", StringComparison.Ordinal);
}
