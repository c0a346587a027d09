namespace QatKit.InferenceEngine.Cpu;

/// <summary>What workers take from in a stage.</summary>
/// <param name="maxWorkers">Most workers that will take.</param>
internal sealed class StageQueues(int maxWorkers)
{
    /// <summary>Products of one stage: query, key and value, or one.</summary>
    public BlockQueue[] Products { get; } = [new(maxWorkers), new(maxWorkers), new(maxWorkers)];

    /// <summary>Heads of attention.</summary>
    public WorkShares Heads { get; } = new(maxWorkers);
}
