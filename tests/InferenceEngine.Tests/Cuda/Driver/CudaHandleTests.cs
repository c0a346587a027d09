namespace QatKit.InferenceEngine.Tests.Cuda.Driver;

public sealed class CudaHandleTests
{
    [Fact]
    public void A_context_outlives_what_belongs_to_it_in_any_order_of_disposal()
    {
        var driver = new FakeCudaDriver();
        var context = driver.CreateContext(driver.InstalledDevices[0]);
        var memory = driver.Allocate(context, 1000, "test");
        var stream = driver.CreateStream(context);
        context.Dispose();
        Assert.Equal(["context", "memory", "stream"], driver.Open);
        stream.Dispose();
        memory.Dispose();
        memory.Dispose();
        Assert.Equal(["release stream", "release memory", "release context"], driver.Calls.Where(c => c.StartsWith("release", StringComparison.Ordinal)));
        Assert.Empty(driver.Open);
        Assert.Equal(0, driver.AllocatedBytes);
    }

    [Fact]
    public void Slices_stay_inside()
    {
        var driver = new FakeCudaDriver();
        using var context = driver.CreateContext(driver.InstalledDevices[0]);
        using var memory = driver.Allocate(context, 1000, "test");
        var slice = memory.Slice(100, 900).Slice(50, 850);
        Assert.Equal((ulong)memory.Value + 150, slice.Address);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Slice(100, 901));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Slice(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => slice.Slice(850, 1));
    }

    [Fact]
    public void Pinned_views_stay_inside()
    {
        var driver = new FakeCudaDriver();
        using var context = driver.CreateContext(driver.InstalledDevices[0]);
        using var pinned = driver.AllocatePinned(context, 16, "test");
        pinned.AsSpan<int>(8, 2).Fill(7);
        Assert.Equal(7, pinned.AsSpan<int>(12, 1)[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => pinned.AsSpan<int>(8, 3).Length);
    }

    [Fact]
    public void Copies_and_graphs_of_the_stand_in_do_what_they_say()
    {
        var driver = new FakeCudaDriver();
        using var context = driver.CreateContext(driver.InstalledDevices[0]);
        using var stream = driver.CreateStream(context);
        using var memory = driver.Allocate(context, 4, "test");
        using var pinned = driver.AllocatePinned(context, 4, "test");
        driver.BeginCapture(stream);
        driver.CopyToDevice(stream, memory.All, pinned, 0);
        using var graph = driver.EndCapture(stream, "copy");
        pinned.AsSpan<int>(0, 1)[0] = 42;
        driver.Launch(stream, graph);
        var result = new byte[4];
        driver.Download(result, memory.All);
        Assert.Equal(42, BitConverter.ToInt32(result));
    }
}
