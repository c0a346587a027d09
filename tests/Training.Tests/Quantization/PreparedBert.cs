using QatKit.Quantization;
using QatKit.Quantization.Placement;
using QatKit.Quantization.Surgery;
using QatKit.Training.Bert;
using QatKit.Training.Tests.Bert;
using static TorchSharp.torch;

namespace QatKit.Training.Tests.Quantization;

/// <summary>Small prepared and calibrated models.</summary>
internal static class PreparedBert
{
    internal static (BertForSequenceClassification Model, PreparedModel Prepared) Calibrated(BertConfig config, int seed, QuantizationPlan? plan = null)
    {
        var model = new BertForSequenceClassification(config, seed);
        Perturb(model, seed);
        var prepared = ModuleSurgeon.Prepare(model, plan ?? new QuantizationPlan());
        model.eval();
        prepared.SetPhase(QuantizationPhase.Calibrate);
        using (no_grad())
        using (NewDisposeScope())
            for (var i = 0; i < 4; i++) model.Run(TinyBert.Batch(config, 1000 + seed + i, 3, 16, 9));
        prepared.FinishCalibration();
        prepared.SetPhase(QuantizationPhase.FakeQuant);
        return (model, prepared);
    }

    // Biases 0 and LayerNorms 1 and 0 would hide mistakes.
    private static void Perturb(BertForSequenceClassification model, int seed)
    {
        using var noGrad = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (var (name, parameter) in model.named_parameters())
            if (parameter.dim() == 1) parameter.add_(randn(parameter.shape, generator: generator).mul_(0.2));
    }
}
