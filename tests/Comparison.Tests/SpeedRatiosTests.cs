using QatKit.Comparison.Measuring;

namespace QatKit.Comparison.Tests;

public sealed class SpeedRatiosTests
{
    [Fact]
    public void Without_a_cut_of_the_fastest_form_the_ratio_is_against_the_fastest_cut_and_says_so()
    {
        var ratios = SpeedRatios.Of([Ours(false, 2), Ours(true, 1), Theirs("a", 1, false, 4), Theirs("b", 2, false, 5), Theirs("b", 2, true, 3)]);
        Assert.Equal(
            [
                ("all, both", 2, ""),
                ("first token, both", 3, "against b: the form that is fastest with all rows, a, has no cut that is right"),
                ("first token : all", 4, ""),
            ],
            ratios.Select(r => (r.Rows, r.Ratio, r.Note)));
    }

    [Fact]
    public void With_a_cut_on_any_number_of_threads_there_is_nothing_to_say()
    {
        var ratios = SpeedRatios.Of([Ours(true, 1), Theirs("a", 1, false, 4), Theirs("a", 2, true, 3.5), Theirs("b", 2, true, 3)]);
        Assert.Equal([("first token, both", 3, ""), ("first token : all", 4, "")], ratios.Select(r => (r.Rows, r.Ratio, r.Note)));
    }

    private static Contender Ours(bool firstOnly, double milliseconds) => new("QatKit", "dense", "INT8", 1, firstOnly, null, Median(milliseconds), null);

    private static Contender Theirs(string form, int threads, bool firstOnly, double milliseconds) =>
        new("ONNX Runtime", form, "INT8", threads, firstOnly, 1, Median(milliseconds), null);

    private static Timing Median(double milliseconds) => new(milliseconds, milliseconds, milliseconds, 1);
}
