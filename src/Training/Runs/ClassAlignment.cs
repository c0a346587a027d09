using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Training.Bert;
using QatKit.Training.Data;
using static TorchSharp.torch;

namespace QatKit.Training.Runs;

// Makes the classes of a checkpoint's classifier those of the task, by name: checkpoints of one task do not agree on the order.
internal static class ClassAlignment
{
    // One line about what was done or taken for granted; null where the classes are those of the task, or there is nothing to align.
    public static string? Align(BertForSequenceClassification model, BertCheckpointReport report, string configPath, IReadOnlyList<string> labels, int epochs)
    {
        if (labels.Count == 0 || !report.Loaded.Contains(ModuleNames.Classifier + ".weight")) return null;
        if (CheckpointLabels.Read(configPath) is not { } names || LabelOrder.IsUnnamed(names))
            return $"warning: {BertCheckpoint.ConfigFile} does not name the classes of the checkpoint; they are taken for {Join(labels)}, in this order.";
        if (LabelOrder.Map(labels, names) is { } rows)
        {
            if (rows.SequenceEqual(Enumerable.Range(0, rows.Length))) return null;
            Reorder(model, rows);
            return $"the checkpoint has the classes {Join(names)}: reordered by name to {Join(labels)}.";
        }

        if (epochs == 0)
            throw new QatKitException("QK1122", configPath, $"id2label names the classes {Join(names)}, the task has {Join(labels)}, and train.epochs = 0 takes the classifier as it is. Name the classes alike, or train with train.epochs of at least 1.");
        return $"the checkpoint was made for the classes {Join(names)}; its classifier is trained for {Join(labels)}.";
    }

    private static void Reorder(BertForSequenceClassification model, int[] rows)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var order = tensor(rows.Select(r => (long)r).ToArray());
        foreach (var name in (string[])["weight", "bias"])
        {
            var parameter = model.get_parameter($"{ModuleNames.Classifier}.{name}")!;
            parameter.copy_(parameter.index_select(0, order));
        }
    }

    private static string Join(IReadOnlyList<string> labels) => string.Join(", ", labels);
}
