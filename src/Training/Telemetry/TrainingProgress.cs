namespace QatKit.Training.Telemetry;

/// <summary>Where a run stands; reported after every optimizer step, so a handler must be quick.</summary>
/// <param name="Stage">Stage, such as <c>finetune</c>, <c>calibrate</c>, <c>qat</c> or <c>evaluate</c>.</param>
/// <param name="Step">Steps done in this stage.</param>
/// <param name="Total">Steps of this stage.</param>
/// <param name="Loss">Loss of the last step; NaN where the stage has none.</param>
/// <param name="LearningRate">Learning rate of the last step; NaN where the stage has none.</param>
/// <param name="ExamplesPerSecond">Examples per second since the stage began (or was resumed).</param>
/// <param name="Remaining">Estimated time to the end of the stage.</param>
/// <param name="Message">Something worth a line of its own, such as the metric after an epoch; null otherwise.</param>
public readonly record struct TrainingProgress(
    string Stage, long Step, long Total, double Loss, double LearningRate, double ExamplesPerSecond, TimeSpan Remaining, string? Message = null);
