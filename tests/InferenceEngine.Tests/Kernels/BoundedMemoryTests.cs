using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>The guard under all kernel tests works: touching the first byte beyond an edge ends the process.</summary>
public sealed class BoundedMemoryTests
{
    private const string EdgeVariable = "QATKIT_TEST_EDGE";
    private const int Bytes = 100;

    [Theory]
    [InlineData(MemoryEdge.End)]
    [InlineData(MemoryEdge.Start)]
    public async Task A_read_beyond_the_edge_ends_the_process(MemoryEdge edge)
    {
        var child = await ChildProcess.Run(typeof(BoundedMemoryTests), nameof(In_the_child_one_byte_beyond_is_read), (EdgeVariable, $"{edge}"));
        Assert.Equal(["all bytes inside can be written and read"], child.Report);
        Assert.NotEqual(0, child.ExitCode);
        Assert.Contains("AccessViolation", child.Output, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void In_the_child_one_byte_beyond_is_read()
    {
        var edge = Enum.Parse<MemoryEdge>(Environment.GetEnvironmentVariable(EdgeVariable) ?? nameof(MemoryEdge.End));
        using var memory = new BoundedMemory(Bytes, fill: 7, edge);
        for (var i = 0; i < Bytes; i++) Assert.Equal(7, memory.Pointer[i]++);
        Assert.All(memory.ToArray<byte>(), b => Assert.Equal(8, b));
        ChildProcess.Report("all bytes inside can be written and read");
        var beyond = edge == MemoryEdge.End ? memory.Pointer[Bytes] : memory.Pointer[-1];
        ChildProcess.Report($"and so can one beyond: {beyond}");
    }
}
