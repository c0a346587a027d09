using CsCheck;
using MathNet.Numerics.Statistics;
using QatKit.Quantization.Calibration;

namespace QatKit.Quantization.Tests;

public sealed class CalibratorTests
{
    private static readonly Gen<float[][]> Batches =
        Gen.Select(Gen.Int[-30, 30], Gen.Double[-1, 1].Array[1, 200].Array[1, 5],
            (e, batches) => batches.Select((b, i) => b.Select(v => (float)(v * Math.Pow(2, e + i))).ToArray()).ToArray());

    [Fact]
    public void Percentile_is_the_sorted_value_up_to_one_bin()
    {
        Gen.Select(Batches, Gen.Double[1, 100]).Sample((batches, percentile) =>
        {
            var calibrator = new PercentileCalibrator(percentile);
            foreach (var batch in batches) calibrator.Collect(batch);
            var sorted = batches.SelectMany(b => b).Select(MathF.Abs).Order().ToArray();
            var exact = sorted[(int)Math.Ceiling(percentile / 100 * sorted.Length) - 1];
            var amax = calibrator.ComputeAmax();
            return amax >= exact && amax <= exact + sorted[^1] / 2048;
        });
    }

    [Fact]
    public void Percentile_does_not_depend_on_the_order_of_the_batches()
    {
        Batches.Sample(batches =>
        {
            var calibrators = new[] { new PercentileCalibrator(), new PercentileCalibrator() };
            foreach (var batch in batches) calibrators[0].Collect(batch);
            foreach (var batch in batches.Reverse()) calibrators[1].Collect(batch);
            return calibrators[0].SaveState().SequenceEqual(calibrators[1].SaveState());
        });
    }

    [Fact]
    public void Percentile_of_a_normal_sample_is_close_to_an_independent_quantile()
    {
        var random = new Random(1);
        var values = MathNet.Numerics.Distributions.Normal.Samples(random, 0, 1).Take(200_000).Select(v => (float)v).ToArray();
        var calibrator = new PercentileCalibrator(99);
        calibrator.Collect(values);
        var expected = values.Select(v => Math.Abs((double)v)).Quantile(0.99);
        Assert.InRange(calibrator.ComputeAmax(), expected * 0.999, expected * 1.002);
    }

    [Fact]
    public void Mse_beats_the_maximum_where_outliers_are_rare()
    {
        var random = new Random(1);
        var values = MathNet.Numerics.Distributions.Normal.Samples(random, 0, 1).Take(200_000).Select(v => (float)v).Append(10f).ToArray();
        var calibrator = new MseCalibrator();
        calibrator.Collect(values);
        var amax = calibrator.ComputeAmax();
        Assert.InRange(amax, 4, 7);
        Assert.True(Error(amax) < Error(10f) && Error(amax) <= Error(amax * 1.3f) && Error(amax) <= Error(amax / 1.3f));

        double Error(float a) => values.Sum(v => Math.Pow(v - Math.Clamp(Math.Round(v / (a / 127)), -127, 127) * (a / 127), 2));
    }

    // Every candidate and every bin by itself: the definition.
    [Fact]
    public void Mse_has_the_least_error_of_all_candidates()
    {
        Batches.Sample(batches =>
        {
            var (calibrator, histogram) = (new MseCalibrator(), new StreamingHistogram());
            foreach (var batch in batches)
            {
                calibrator.Collect(batch);
                histogram.Add(batch);
            }

            var errors = Enumerable.Range(1, 200).Select(i => Error(histogram, (float)(histogram.Max * (double)i / 200))).ToList();
            return histogram.Max == 0 || Error(histogram, calibrator.ComputeAmax()) <= errors.Min() * (1 + 1e-9);
        }, iter: 20);

        static double Error(StreamingHistogram histogram, float amax)
        {
            double sum = 0, step = amax / 127;
            for (var i = 0; i < StreamingHistogram.Bins; i++)
            {
                var x = (i + 0.5) * histogram.BinWidth;
                sum += histogram.Counts[i] * Math.Pow(x - Math.Min(Math.Round(x / step), 127) * step, 2);
            }

            return sum;
        }
    }

    [Fact]
    public void Calibrators_of_the_maximum_say_so()
    {
        Assert.Equal([true, true, false, false], Calibrators.Select(c => c.Data.Item2.Create().IsMaximumOfBatch));
    }

    [Fact]
    public void Moving_average_starts_at_the_first_batch()
    {
        var calibrator = new MovingAverageCalibrator(0.25f);
        calibrator.Collect([1, -4]);
        calibrator.Collect([8]);
        Assert.Equal(5, calibrator.ComputeAmax());
    }

    public static TheoryData<string, CalibratorSettings> Calibrators => new()
    {
        { "max", CalibratorSettings.Max },
        { "moving_average:0.3", CalibratorSettings.MovingAverage(0.3f) },
        { "percentile:99.5", CalibratorSettings.Percentile(99.5) },
        { "mse", CalibratorSettings.Mse },
    };

    [Theory]
    [MemberData(nameof(Calibrators))]
    public void A_saved_calibrator_continues_with_the_same_bits(string name, CalibratorSettings settings)
    {
        Assert.Equal(name, settings.Name);
        var random = new Random(1);
        float[] Batch(float amplitude) => [.. Enumerable.Range(0, 1000).Select(_ => amplitude * (2 * random.NextSingle() - 1))];
        var (first, second) = (settings.Create(), settings.Create());
        first.Collect(Batch(1));
        second.LoadState(first.SaveState());
        var next = Batch(37);
        first.Collect(next);
        second.Collect(next);
        Assert.Equal(first.SaveState(), second.SaveState());
        Assert.Equal(first.ComputeAmax(), second.ComputeAmax());
        first.Reset();
        Assert.Equal(settings.Create().SaveState(), first.SaveState());
        Assert.Equal(0, first.ComputeAmax());
        first.Collect([1, float.PositiveInfinity]);
        Assert.Equal(float.NaN, first.ComputeAmax());
        Assert.Throws<ArgumentException>(() => first.LoadState([1, 2, 3]));
    }
}
