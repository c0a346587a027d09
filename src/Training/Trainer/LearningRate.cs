namespace QatKit.Training.Trainer;

/// <summary>Linear warm-up to a peak, then linear decay to zero.</summary>
public static class LearningRate
{
    /// <summary>The learning rate of a step.</summary>
    /// <remarks><c>peak · (step + 1) / warmup</c> during the first <c>warmup = round(ratio · total)</c> steps, then
    /// <c>peak · (total − step) / (total − warmup)</c>: no step has rate 0.</remarks>
    /// <param name="peak">Largest rate.</param>
    /// <param name="step">Step from 0.</param>
    /// <param name="total">Steps of the stage.</param>
    /// <param name="warmupRatio">Share of the steps that warm up, 0..1.</param>
    public static double At(double peak, long step, long total, double warmupRatio)
    {
        var warmup = (long)Math.Round(warmupRatio * total);
        return step < warmup ? peak * (step + 1) / warmup : peak * (total - step) / (total - warmup);
    }
}
