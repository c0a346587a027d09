namespace QatKit.Sparsity.Tests;

public sealed class MaskScheduleTests
{
    private static List<int> Steps(MaskSchedule schedule) => [.. Enumerable.Range(0, 30).Where(s => schedule.ComputesAt(s))];

    [Fact]
    public void One_shot_computes_once() => Assert.Equal([7], Steps(MaskSchedule.OneShot(7)));

    [Fact]
    public void Recompute_stops_after_its_last_step()
    {
        Assert.Equal([3, 8, 13], Steps(MaskSchedule.Recompute(3, 5, 13)));
        Assert.Equal([3, 8, 13], Steps(MaskSchedule.Recompute(3, 5, 17)));
    }

    [Fact]
    public void Impossible_schedules_cannot_be_made()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => MaskSchedule.OneShot(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => MaskSchedule.Recompute(0, 0, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => MaskSchedule.Recompute(6, 1, 5));
    }
}
