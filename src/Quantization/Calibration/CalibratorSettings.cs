using System.Globalization;

namespace QatKit.Quantization.Calibration;

/// <summary>Which calibrator each activation gets: a printable name and how to make one.</summary>
/// <param name="Name">As it is written in tables, for example <c>percentile:99.99</c>.</param>
/// <param name="Create">Makes a calibrator; called once per activation.</param>
public sealed record CalibratorSettings(string Name, Func<ICalibrator> Create)
{
    /// <summary>The largest value.</summary>
    public static CalibratorSettings Max { get; } = new("max", () => new MaxCalibrator());

    /// <summary>The range of least squared error.</summary>
    public static CalibratorSettings Mse { get; } = new("mse", () => new MseCalibrator());

    /// <summary>Moving average of batch maxima.</summary>
    public static CalibratorSettings MovingAverage(float momentum = 0.1f) =>
        new(string.Create(CultureInfo.InvariantCulture, $"moving_average:{momentum}"), () => new MovingAverageCalibrator(momentum));

    /// <summary>A percentile of |x|.</summary>
    public static CalibratorSettings Percentile(double percentile = 99.99) =>
        new(string.Create(CultureInfo.InvariantCulture, $"percentile:{percentile}"), () => new PercentileCalibrator(percentile));

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
