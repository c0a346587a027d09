using QatKit.InferenceEngine.Cuda.Compilation;

namespace QatKit.InferenceEngine.Tests.Cuda.Compilation;

public sealed class PtxasReportTests
{
    [Fact]
    public void Reads_every_kernel()
    {
        const string log = """
            ptxas info    : 0 bytes gmem
            ptxas info    : Compiling entry function 'wide' for 'sm_80'
            ptxas info    : Function properties for wide
            ptxas         .     256 bytes stack frame, 16 bytes spill stores, 24 bytes spill loads
            ptxas info    : Used 255 registers, 256 bytes cumulative stack size, 368 bytes cmem[0]
            ptxas info    : Compiling entry function 'plain' for 'sm_80'
            ptxas info    : Function properties for plain
            ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
            ptxas info    : Used 12 registers, 512 bytes smem, 376 bytes cmem[0]

            """;
        Assert.Equal([new KernelUsage("plain", 12, 0, 0, 0, 512), new KernelUsage("wide", 255, 256, 16, 24, 0)], PtxasReport.Parse(log));
    }

    [Fact]
    public void Other_text_has_none() => Assert.Empty(PtxasReport.Parse("warning: nothing to see\n"));
}
