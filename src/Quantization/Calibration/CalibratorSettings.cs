using System.Globalization;
using QatKit.Core.Diagnostics;

namespace QatKit.Quantization.Calibration;

/// <summary>Which calibrator each activation gets: a printable name and how to make one.</summary>
/// <param name="Name">As it is written in recipes and tables, for example <c>percentile:99.99</c>.</param>
/// <param name="Create">Makes a calibrator; called once per activation.</param>
public sealed record CalibratorSettings(string Name, Func<ICalibrator> Create)
{
    private static readonly string[] Names = ["max", "moving_average", "percentile", "mse"];

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

    /// <summary>Reads <c>max</c>, <c>mse</c>, <c>moving_average[:momentum]</c> or <c>percentile[:percentage]</c>.</summary>
    /// <param name="text">The name, with its number after a colon.</param>
    /// <param name="location">Where the text stands, for the message.</param>
    /// <exception cref="QatKitException">QK2015: unknown name, or a number out of range.</exception>
    public static CalibratorSettings Parse(string text, string location = "")
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(':', 2);
        double? number = null;
        if (parts.Length == 2)
        {
            if (!double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
                throw new QatKitException("QK2015", location, $"'{parts[1]}' in calibrator '{text}' is not a number. Write for example percentile:99.99.");
            number = value;
        }

        return (parts[0], number) switch
        {
            ("max", null) => Max,
            ("mse", null) => Mse,
            ("moving_average", null or (> 0 and <= 1)) => MovingAverage((float)(number ?? 0.1)),
            ("percentile", null or (> 0 and <= 100)) => Percentile(number ?? 99.99),
            ("max" or "mse", _) => throw new QatKitException("QK2015", location, $"calibrator '{parts[0]}' takes no number. Write '{parts[0]}'."),
            ("moving_average", _) => throw new QatKitException("QK2015", location, $"momentum {parts[1]} is outside (0, 1]. Write for example moving_average:0.1."),
            ("percentile", _) => throw new QatKitException("QK2015", location, $"percentile {parts[1]} is outside (0, 100]. Write for example percentile:99.99."),
            _ => throw new QatKitException("QK2015", location, $"calibrator '{parts[0]}' is unknown.{Suggestion.For(parts[0], Names)} Use max, moving_average, percentile or mse."),
        };
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
