using QatKit.Training.Bert;
using QatKit.Training.Data;
using static TorchSharp.torch;

namespace QatKit.Training.Trainer;

/// <summary>Runs a model over a data set without training it.</summary>
public static class Evaluator
{
    private const int BatchSize = 64;

    /// <summary>Logits of every example in file order, [Count, C] row-major.</summary>
    public static float[] Logits(BertForSequenceClassification model, EncodedDataset data, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        var classes = model.Config.Classes;
        var result = new float[data.Count * classes];
        var wasTraining = model.training;
        model.eval();
        using (inference_mode())
        {
            foreach (var indices in LengthBuckets.ForEvaluation(data, BatchSize))
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var logits = model.Run(data.Batch(indices)).cpu().data<float>().ToArray(); // [B, C]
                for (var i = 0; i < indices.Length; i++) logits.AsSpan(i * classes, classes).CopyTo(result.AsSpan(indices[i] * classes));
            }
        }

        model.train(wasTraining);
        return result;
    }
}
