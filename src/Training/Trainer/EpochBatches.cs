using System.Text;
using QatKit.Training.Data;

namespace QatKit.Training.Trainer;

// The batches of each optimizer step: a function of (seed, stage, step) alone.
internal sealed class EpochBatches(TrainerSettings settings, string stage)
{
    private int _epoch = -1;
    private IReadOnlyList<int[]> _batches = [];

    public IReadOnlyList<int[]> ForStep(long step)
    {
        var accumulation = settings.Train.GradientAccumulation;
        var epoch = (int)(step / settings.StepsPerEpoch);
        if (epoch != _epoch)
        {
            _batches = LengthBuckets.ForEpoch(settings.TrainData, settings.Train.BatchSize, StageSeed(settings.Train.Seed, stage, 0), epoch);
            _epoch = epoch;
        }

        return [.. _batches.Skip((int)(step % settings.StepsPerEpoch) * accumulation).Take(accumulation)];
    }

    public static ulong StageSeed(int seed, string stage, ulong number)
    {
        var name = Encoding.UTF8.GetBytes(stage).Aggregate(0UL, (hash, b) => SplitMix.Combine(hash, b));
        return SplitMix.Combine(SplitMix.Combine((ulong)seed, name), number);
    }
}
