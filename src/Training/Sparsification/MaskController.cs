using System.Runtime.InteropServices;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Quantization.Kernels;
using QatKit.Sparsity;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace QatKit.Training.Sparsification;

/// <summary>Keeps a model's weights 2:4 sparse while it trains: masked weights are exactly 0 after every optimizer step.</summary>
/// <remarks>Call <see cref="BeginStep"/> before the forward pass, <see cref="MaskGradients"/> once the gradients are complete (and before
/// they are clipped), and <see cref="Step"/> in place of the optimizer's own step.
/// While masks may still be recomputed, a pruned weight waits with the value that it had: at the next computation it competes
/// again, and comes back where a kept neighbour has become smaller.</remarks>
public sealed class MaskController : IDisposable
{
    private readonly MaskSchedule _schedule;
    private readonly Dictionary<string, Parameter> _weights;
    private readonly Dictionary<string, WeightMask> _masks = [];
    private readonly Dictionary<string, Tensor> _factors = []; // 1 kept, 0 masked, [out, in]
    private readonly Dictionary<string, Tensor> _pruned = []; // values of masked weights, 0 where kept, [out, in]

    /// <summary>Binds the controller to a model; nothing is masked before <see cref="BeginStep"/>.</summary>
    /// <param name="model">The model; prepared or not.</param>
    /// <param name="layers">Module paths, from <see cref="SparsityPlan.Resolve"/>.</param>
    /// <param name="schedule">When masks are computed.</param>
    public MaskController(nn.Module model, IReadOnlyCollection<string> layers, MaskSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(layers);
        _schedule = schedule;
        _weights = layers.ToDictionary(l => l, l => model.get_parameter(l + ".weight") ?? throw new ArgumentException($"The model has no '{l}.weight'.", nameof(layers)));
    }

    /// <summary>The present masks by module path; empty before the first computation.</summary>
    public IReadOnlyDictionary<string, WeightMask> Masks => _masks;

    /// <summary>Computes masks when the schedule says so, and applies them to weights and optimizer momentum.</summary>
    /// <param name="step">Steps made so far.</param>
    /// <param name="optimizer">The optimizer of the weights.</param>
    /// <returns>True when masks were computed.</returns>
    public bool BeginStep(long step, optim.Optimizer optimizer)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        if (!_schedule.ComputesAt(step)) return false;
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var willRecompute = step + _schedule.Interval <= _schedule.Until;
        foreach (var (layer, weight) in _weights)
        {
            if (_pruned.Remove(layer, out var waiting))
            {
                weight.Increase(waiting);
                waiting.Dispose();
            }

            var mask = NmMask.Magnitude24(weight.cpu().data<float>().ToArray(), (int)weight.shape[0], (int)weight.shape[1], layer);
            SetMask(layer, mask);
            if (willRecompute) _pruned[layer] = (weight - weight * _factors[layer]).DetachFromDisposeScope();
            weight.mul_(_factors[layer]);
        }

        MaskMomentum(optimizer);
        return true;
    }

    /// <summary>Sets the gradients of masked weights to 0, so that they neither move momentum nor count in the gradients' norm.</summary>
    public void MaskGradients()
    {
        using var noGrad = no_grad();
        foreach (var (layer, factor) in _factors) _weights[layer].grad?.mul_(factor);
    }

    /// <summary>One optimizer step, after which masked weights are 0.</summary>
    /// <remarks>Weight decay and momentum cannot move a masked weight: its gradient, its momentum and it itself are 0.</remarks>
    public void Step(optim.Optimizer optimizer)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        optimizer.step();
        using var noGrad = no_grad();
        foreach (var (layer, factor) in _factors) _weights[layer].mul_(factor);
    }

    /// <summary>Masks and waiting values, for an exact resume.</summary>
    public IReadOnlyDictionary<string, byte[]> StateTensors()
    {
        var state = new Dictionary<string, byte[]>();
        foreach (var (layer, mask) in _masks) state[$"sparsity.mask.{layer}"] = mask.Bits;
        foreach (var (layer, pruned) in _pruned)
        {
            using var cpu = pruned.cpu();
            state[$"sparsity.pruned.{layer}"] = cpu.bytes.ToArray();
        }

        return state;
    }

    /// <summary>Continues from a saved state, all of it or none; weights are taken as they are.</summary>
    /// <exception cref="QatKitException">QK2014: the state belongs to other layers; every difference at once.</exception>
    public void LoadState(IReadOnlyDictionary<string, byte[]> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var problems = new DiagnosticBag();
        foreach (var (name, bytes) in state)
        {
            var isMask = name.StartsWith("sparsity.mask.", StringComparison.Ordinal);
            var layer = name[(isMask ? "sparsity.mask." : "sparsity.pruned.").Length..];
            if (!_weights.TryGetValue(layer, out var weight))
                problems.Add("QK2014", name, "not a part of this model's sparsity. Resume with the model and plan that wrote it.");
            else if (bytes.Length != (isMask ? weight.numel() / 8 : weight.numel() * sizeof(float)))
                problems.Add("QK2014", name, $"{bytes.Length} bytes in the saved state, expected {(isMask ? weight.numel() / 8 : weight.numel() * sizeof(float))}. Resume with the model and plan that wrote it.");
        }

        if (state.Count > 0)
            foreach (var layer in _weights.Keys.Where(l => !state.ContainsKey($"sparsity.mask.{l}")))
                problems.Add("QK2014", $"sparsity.mask.{layer}", "missing from the saved state. Resume with the model and plan that wrote it.");
        problems.ThrowIfAny();
        foreach (var pruned in _pruned.Values) pruned.Dispose();
        _pruned.Clear();
        using var scope = NewDisposeScope();
        foreach (var (layer, weight) in _weights)
        {
            if (!state.TryGetValue($"sparsity.mask.{layer}", out var bits)) continue;
            SetMask(layer, new WeightMask(NmPattern.TwoFour.Name, (int)weight.shape[0], (int)weight.shape[1], [.. bits]));
            if (state.TryGetValue($"sparsity.pruned.{layer}", out var values))
                _pruned[layer] = tensor(MemoryMarshal.Cast<byte, float>(values).ToArray(), weight.shape, device: weight.device).DetachFromDisposeScope();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _factors.Values.Concat(_pruned.Values)) tensor.Dispose();
        _factors.Clear();
        _pruned.Clear();
    }

    private void SetMask(string layer, WeightMask mask)
    {
        if (_factors.Remove(layer, out var old)) old.Dispose();
        var factor = new float[mask.Out * mask.In];
        for (var i = 0; i < factor.Length; i++) factor[i] = mask.IsKept(i / mask.In, i % mask.In) ? 1 : 0;
        _masks[layer] = mask;
        _factors[layer] = tensor(factor, [mask.Out, mask.In], device: _weights[layer].device).DetachFromDisposeScope();
    }

    // From here on gradients are masked, so momentum that is 0 stays 0.
    private void MaskMomentum(optim.Optimizer optimizer)
    {
        var layerOf = _weights.ToDictionary(w => w.Value.Handle, w => w.Key);
        var states = ((OptimizerHelper)optimizer).state_dict().State; // the base of every optimizer of torch
        foreach (var (parameter, state) in optimizer.parameters().Zip(states))
        {
            if (!layerOf.TryGetValue(parameter.Handle, out var layer)) continue;
            Tensor?[] momenta = state switch
            {
                AdamW.State s => [s.exp_avg, s.exp_avg_sq],
                Adam.State s => [s.exp_avg, s.exp_avg_sq],
                SGD.State s => [s.momentum_buffer],
                _ => throw new NotSupportedException($"The momentum of {optimizer.GetType().Name} is not known. Use AdamW, Adam or SGD with masks."),
            };
            foreach (var momentum in momenta) momentum?.mul_(_factors[layer]);
        }
    }
}
