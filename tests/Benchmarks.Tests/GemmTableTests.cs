using QatKit.Benchmarks.Tables;
using QatKit.Comparison.Measuring;

namespace QatKit.Benchmarks.Tests;

public sealed class GemmTableTests
{
    [Fact]
    public void A_row_has_shares_of_the_peak_on_as_many_threads() =>
        Assert.Equal("| 128 x 768 x 768 | 400 | 200 | 50 % | 300 | 1.50 | 500 | 375 | 75 % | 1.88 | 450 | 1.20 |", Row(1e9, many: 500));

    [Fact]
    public void A_product_too_small_to_be_shared_has_no_share_of_several_threads() =>
        Assert.Equal("| 128 x 768 x 768 | 400 | 200 | 50 % | 300 | 1.50 | 400 | 375 | - | 1.88 | 450 | 1.20 |", Row(1e6, many: 20));

    private static string Row(double operations, double many) =>
        GemmTable.Row("128x768x768", 2, [200, 300, 375, 450], new PeakBound(operations, new Dictionary<int, double> { [1] = 400, [2] = many }));
}
