namespace QatKit.InferenceEngine.Tests;

public sealed class CallersTests
{
    [Fact]
    public void An_exception_of_a_caller_is_one_of_the_test_after_all_have_ended()
    {
        var ended = 0;
        var error = Assert.Throws<InvalidTimeZoneException>(() => Callers.Run(3, i =>
        {
            Interlocked.Increment(ref ended);
            if (i == 1) throw new InvalidTimeZoneException("of caller 1");
        }));
        Assert.Equal("of caller 1", error.Message);
        Assert.Equal(3, ended);
    }
}
