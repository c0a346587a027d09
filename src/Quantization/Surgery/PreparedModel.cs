using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.Quantization.Modules;
using QatKit.Quantization.Placement;
using TorchSharp;

namespace QatKit.Quantization.Surgery;

/// <summary>A model whose layers can compute in fake-quantized arithmetic, and the switches for it.</summary>
/// <remarks>The usual order: <see cref="SetPhase"/>(Calibrate) in evaluation mode, forward passes over calibration data,
/// <see cref="FinishCalibration"/>, SetPhase(FakeQuant), training, <see cref="FreezeRanges"/> at some step, more training,
/// and <c>Freezer.Freeze</c>.</remarks>
public sealed class PreparedModel
{
    private const string ControlKey = "quantization.control";

    private readonly QuantizationControl _control;

    internal PreparedModel(torch.nn.Module model, BertArchitecture architecture, PlacementTable placement,
        QuantizationControl control, PreparedModules modules, IReadOnlyList<ActivationRange> ranges)
    {
        Model = model;
        Architecture = architecture;
        Placement = placement;
        Modules = modules;
        Ranges = ranges;
        _control = control;
    }

    /// <summary>The model that was prepared.</summary>
    public torch.nn.Module Model { get; }

    /// <summary>Sizes.</summary>
    public BertArchitecture Architecture { get; }

    /// <summary>Every layer and its width; printable.</summary>
    public PlacementTable Placement { get; }

    /// <summary>Ranges of all activations.</summary>
    public IReadOnlyList<ActivationRange> Ranges { get; }

    /// <summary>What the quantizers do now.</summary>
    public QuantizationPhase Phase => _control.Phase;

    /// <summary>True once every range has been found.</summary>
    public bool IsCalibrated { get; private set; }

    /// <summary>True once activation ranges no longer follow the training batches.</summary>
    public bool RangesFrozen => _control.RangesFrozen;

    /// <summary>Receives the intermediate codes of every fake-quantized forward pass, when set.</summary>
    public IActivationTrace? Trace
    {
        get => _control.Trace;
        set => _control.Trace = value;
    }

    internal PreparedModules Modules { get; }

    /// <summary>Switches what the quantizers do.</summary>
    /// <exception cref="InvalidOperationException">Calibrate while the model is in training mode (dropout would be part of the
    /// ranges), or FakeQuant before <see cref="FinishCalibration"/>.</exception>
    public void SetPhase(QuantizationPhase phase)
    {
        if (phase == QuantizationPhase.Calibrate && Model.training)
            throw new InvalidOperationException(QuantizationControl.NeedsEvaluationMode);
        if (phase == QuantizationPhase.FakeQuant && !IsCalibrated)
            throw new InvalidOperationException("Ranges are not known yet: calibrate and call FinishCalibration first.");
        _control.Phase = phase;
    }

    /// <summary>Takes every range from its calibrator and checks it. The phase becomes Off; calibrators start afresh.</summary>
    /// <exception cref="QatKitException">QK2012: every range that is zero, not finite, or too small or large for a scale.</exception>
    public void FinishCalibration()
    {
        var problems = new DiagnosticBag();
        var found = Ranges.Select(r => r.Calibrator.ComputeAmax()).ToArray();
        for (var i = 0; i < found.Length; i++)
        {
            if (float.IsNaN(found[i]))
                problems.Add("QK2012", Ranges[i].Name, "NaN or infinity came in during calibration. The model or its data is broken: check the checkpoint.");
            else if (found[i] == 0)
                problems.Add("QK2012", Ranges[i].Name, "only zeros (or nothing) came in during calibration. Calibrate on data that reaches it, or check for a dead layer.");
            else if (!QuantizationParameters.IsValidScale(found[i] / NumericsContract.Int8Max) || !QuantizationParameters.IsValidScale(found[i] / NumericsContract.Int16Max))
                problems.Add("QK2012", Ranges[i].Name, FormattableString.Invariant($"the range {found[i]:R} is too small or too large for a float32 scale. Check the checkpoint."));
        }

        problems.ThrowIfAny();
        for (var i = 0; i < found.Length; i++)
        {
            Ranges[i].Amax = found[i];
            Ranges[i].Calibrator.Reset();
        }

        IsCalibrated = true;
        _control.Phase = QuantizationPhase.Off;
    }

    /// <summary>From now on activation ranges stay as they are.</summary>
    public void FreezeRanges() => _control.RangesFrozen = true;

    /// <summary>Everything that a resumed run needs, bit for bit: ranges, calibrators, phase. Weights are not part of it.</summary>
    /// <returns>Arrays of integers by name (floats as their bits), ready to be stored as tensors.</returns>
    public IReadOnlyDictionary<string, long[]> StateTensors()
    {
        var state = new Dictionary<string, long[]>
        {
            [ControlKey] = [(long)_control.Phase, IsCalibrated ? 1 : 0, _control.RangesFrozen ? 1 : 0],
        };
        foreach (var range in Ranges) state["quantization." + range.Name] = [BitConverter.SingleToInt32Bits(range.Amax), .. range.Calibrator.SaveState()];
        return state;
    }

    /// <summary>Continues from a saved state, all of it or none.</summary>
    /// <exception cref="QatKitException">QK2013: the state belongs to another model or plan; every difference at once.</exception>
    public void LoadState(IReadOnlyDictionary<string, long[]> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var problems = new DiagnosticBag();
        var own = StateTensors();
        foreach (var (name, value) in own)
        {
            if (!state.TryGetValue(name, out var given))
                problems.Add("QK2013", name, "missing from the saved state. Resume with the model and plan that wrote it.");
            else if (given.Length != value.Length)
                problems.Add("QK2013", name, $"{given.Length} numbers in the saved state, expected {value.Length}. Resume with the model and plan that wrote it.");
        }

        foreach (var name in state.Keys.Where(n => !own.ContainsKey(n)))
            problems.Add("QK2013", name, "not a part of this model's state. Resume with the model and plan that wrote it.");
        problems.ThrowIfAny();
        foreach (var range in Ranges)
        {
            var saved = state["quantization." + range.Name];
            range.Amax = BitConverter.Int32BitsToSingle((int)saved[0]);
            range.Calibrator.LoadState(saved.AsSpan(1));
        }

        var control = state[ControlKey];
        _control.Phase = (QuantizationPhase)control[0];
        IsCalibrated = control[1] != 0;
        _control.RangesFrozen = control[2] != 0;
    }

    /// <summary>Phase and placement table.</summary>
    public override string ToString() => $"phase: {Phase}, calibrated: {IsCalibrated}, ranges frozen: {RangesFrozen}\n{Placement}";
}
