using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Quantization;
using QatKit.Quantization.Surgery;
using QatKit.Training.Bert;
using QatKit.Training.Recipes;
using QatKit.Training.Sparsification;
using QatKit.Training.Trainer;
using static TorchSharp.torch;

namespace QatKit.Training.Runs;

/// <summary>The finished fake-quantized torch model of a run, to compare an artifact with.</summary>
public static class FakeQuantCheckpoint
{
    /// <summary>The recipe of a finished run, every default written out.</summary>
    /// <param name="runFolder">Folder of the run.</param>
    /// <exception cref="QatKitException">QK1134: the folder is no finished run.</exception>
    public static Recipe ReadRecipe(string runFolder)
    {
        var folder = new RunFolder(runFolder);
        if (!File.Exists(folder.RecipePath) || !File.Exists(folder.FakeQuant))
            throw new QatKitException("QK1134", runFolder, "the folder holds no finished run (recipe.yaml and checkpoints/fake-quant.safetensors). Pass the folder that 'qatkit run' wrote, or let the run finish with --resume.");
        return RecipeLoader.Load(folder.RecipePath).Recipe;
    }

    /// <summary>Loads the model of a finished run, in evaluation mode with fake-quantize on.</summary>
    /// <param name="runFolder">Folder of the run.</param>
    /// <exception cref="QatKitException">QK1134: the folder is no finished run; QK1132, QK20xx: its files are damaged.</exception>
    public static FinishedRun Load(string runFolder)
    {
        var folder = new RunFolder(runFolder);
        var recipe = ReadRecipe(runFolder);
        var (model, _) = BertCheckpoint.Load(folder.Fp32, recipe.Train.Seed);
        try
        {
            var prepared = ModuleSurgeon.Prepare(model, QuantizationStage.Plan(recipe.Quantization));
            using var scope = NewDisposeScope();
            var (_, tensors) = TrainingCheckpoint.Read(folder.FakeQuant);
            using (no_grad())
                foreach (var (name, parameter) in model.named_parameters()) parameter.copy_(tensors[$"model.{name}"]);
            prepared.LoadState(QuantizationStage.QuantizerState(tensors));
            prepared.SetPhase(QuantizationPhase.FakeQuant);
            model.eval();
            return new FinishedRun(folder, recipe, model, prepared, Masks(recipe, model, tensors));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static IReadOnlyDictionary<string, WeightMask> Masks(Recipe recipe, BertForSequenceClassification model, IReadOnlyDictionary<string, Tensor> tensors)
    {
        if (recipe.Sparsity is not { } sparsity) return new Dictionary<string, WeightMask>();
        using var masks = new MaskController(model, QuantizationStage.SparsePlan(sparsity).Resolve(model.Architecture), QuantizationStage.Schedule(sparsity));
        masks.LoadState(QuantizationStage.SparsityState(tensors));
        return masks.Masks;
    }

    internal static void Write(RunFolder folder, TrainingState state, BertForSequenceClassification model, IStageHooks hooks)
    {
        using var scope = NewDisposeScope();
        TrainingCheckpoint.Write(folder.FakeQuant, state, model.named_parameters().Select(p => ($"model.{p.name}", (Tensor)p.parameter)).Concat(hooks.StateTensors()));
    }
}
