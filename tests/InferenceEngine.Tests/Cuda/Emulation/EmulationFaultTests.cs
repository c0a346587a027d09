using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Tests.Cuda.Emulation;

/// <summary>The emulation reports what a device would answer with garbage or a hang.</summary>
public sealed class EmulationFaultTests
{
    [Theory]
    [InlineData(8, "block 1 of the cluster has not begun")]
    [InlineData(9, "block 0 of the cluster has ended: its shared memory is gone")]
    [InlineData(10, "block (1, 0, 0): every thread waits for another")]
    public void Faults_of_a_cluster_are_reported(int fault, string message)
    {
        using var memory = new DeviceMemory();
        Assert.Equal(message, Launch(fault, memory.Zeros<int>(64), cluster: 2));
    }

    [Fact]
    public void A_grid_is_made_of_whole_clusters()
    {
        using var memory = new DeviceMemory();
        Assert.Equal("the grid is not made of whole clusters", Launch(8, memory.Zeros<int>(64), cluster: 2, blocks: 3));
    }

    [Theory]
    [InlineData(0, "warp 0 of block (0, 0, 0): 16 of 32 lanes arrived at shuffle")]
    [InlineData(1, "threads 31 and 32 wait at different barriers, lines 20 and 22")]
    [InlineData(2, "ldmatrix: bytes 256..272 are outside 256 bytes of shared memory")]
    [InlineData(3, "cp.async: address is not a multiple of 16")]
    [InlineData(4, "sparse product: lane 5, chunk 4: places 1, 1 are undefined")]
    [InlineData(5, "block (0, 0, 0): every thread waits for another")]
    [InlineData(6, "wrote 1 bytes past 256 bytes of shared memory")]
    public void Faults_are_reported(int fault, string message)
    {
        using var memory = new DeviceMemory();
        Assert.Equal(message, Launch(fault, memory.Zeros<int>(64)));
    }

    [Fact]
    public void A_copy_that_nobody_waited_for_leaves_the_poison()
    {
        using var memory = new DeviceMemory();
        var output = memory.Zeros<int>(64);
        Assert.Null(Launch(7, output));
        Assert.All(DeviceMemory.Download<int>(output, 64), v => Assert.Equal(0xA5, v));
    }

    private static string? Launch(int fault, ulong output, int cluster = 1, int? blocks = null) =>
        EmulatedKernel.Get(new KernelDefinition("faults.cu", "faults", [], 64, 256) { Cluster = cluster }, "FaultParams", EmulatedKernel.NativeFolder)
            .TryLaunch(new LaunchGrid(blocks ?? cluster, 1, 1), new FaultParameters { Fault = fault, Out = output }, EmulationOrder.RisingLazy);

    private struct FaultParameters
    {
        public int Fault;
        public ulong Out;
    }
}
