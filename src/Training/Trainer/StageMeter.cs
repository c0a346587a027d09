using QatKit.Training.Telemetry;

namespace QatKit.Training.Trainer;

// Speed and remaining time of a stage, from the moment it began or was resumed.
internal sealed class StageMeter(string stage, long firstStep, long total, TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();
    private long _examples;

    public TrainingProgress Advance(long step, int examples, double loss, double rate)
    {
        _examples += examples;
        var elapsed = time.GetElapsedTime(_start);
        var remaining = elapsed * ((double)(total - step) / Math.Max(1, step - firstStep));
        return new TrainingProgress(stage, step, total, loss, rate, _examples / Math.Max(1e-9, elapsed.TotalSeconds), remaining);
    }
}
