using System.Text;
using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Cuda.Compilation;

public sealed class NvrtcCompilerTests
{
    private const string Text = """
        #include "common/scale.cuh"
        extern "C" __global__ void __launch_bounds__(128) reverse(int* y, const int* x) {
            __shared__ int s[128];
            s[threadIdx.x] = x[threadIdx.x] * SCALE;
            __syncthreads();
            y[threadIdx.x] = s[127 - threadIdx.x];
        }
        """;

    private static readonly KernelSource Source = new("reverse.cu", "reverse<N=128>", Text,
        [new("common/scale.cuh", "#pragma once\n#define SCALE 3\n")], ["--ptxas-options=-v"]);

    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_86")]
    [InlineData("sm_89")]
    [InlineData("sm_90a")]
    public void Cubins_come_with_a_report_of_registers_and_shared_memory(string target)
    {
        var kernel = NvrtcRequirement.Open().Compile(Source, new KernelTarget(target));
        Assert.Equal([0x7F, (byte)'E', (byte)'L', (byte)'F'], kernel.Image.AsSpan(0, 4).ToArray());
        var usage = Assert.Single(PtxasReport.Parse(kernel.Log));
        Assert.Equal(("reverse", 0, 0, 512), (usage.Kernel, usage.SpillStoreBytes, usage.SpillLoadBytes, usage.StaticSharedBytes));
        Assert.InRange(usage.Registers, 8, 64);
    }

    [Fact]
    public void Newer_devices_get_text_that_their_driver_compiles()
    {
        var kernel = NvrtcRequirement.Open().Compile(Source, KernelTarget.For(120));
        var text = Encoding.ASCII.GetString(kernel.Image);
        Assert.Contains(".target sm_90\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\0", text, StringComparison.Ordinal);
        Assert.Empty(PtxasReport.Parse(kernel.Log));
    }

    [Fact]
    public void An_error_has_the_source_and_the_log()
    {
        var compiler = NvrtcRequirement.Open();
        var error = Assert.Throws<QatKitException>(() => compiler.Compile(Source with { Text = "__global__ void k() { nonsense(); }" }, KernelTarget.Sm80));
        Assert.Equal(
            $"QK6011 reverse.cu: reverse<N=128> does not compile for sm_80 with {compiler.Version} (NVRTC_ERROR_COMPILATION). "
            + $"Use another version of NVRTC, or run on the CPU. Log:{Environment.NewLine}"
            + "reverse.cu(1): error: identifier \"nonsense\" is undefined\n  __global__ void k() { nonsense(); }\n                        ^\n\n1 error detected in the compilation of \"reverse.cu\".",
            error.Message);
    }

    [Theory]
    [InlineData(80, "sm_80")]
    [InlineData(86, "sm_86")]
    [InlineData(87, "sm_86")]
    [InlineData(89, "sm_89")]
    [InlineData(90, "sm_90a")]
    [InlineData(100, "compute_90")]
    [InlineData(120, "compute_90")]
    public void Every_device_has_a_target(int capability, string target) => Assert.Equal(target, KernelTarget.For(capability).Name);

    // The system's own search would find it there.
    [Fact]
    public async Task A_named_folder_without_a_compiler_is_not_searched_beyond()
    {
        NvrtcRequirement.Open();
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The test leads the search by LD_LIBRARY_PATH.");
        using var empty = new TempFolder();
        using var system = new TempFolder();
        File.CreateSymbolicLink(system.Combine("libnvrtc.so"), NvrtcLocator.Find()!);
        var child = await ChildProcess.Run(typeof(NvrtcCompilerTests), nameof(Child_opens_the_compiler), (NvrtcLocator.FolderVariable, empty.Path), ("LD_LIBRARY_PATH", system.Path));
        Assert.Equal("none", Assert.Single(child.Report));
        child = await ChildProcess.Run(typeof(NvrtcCompilerTests), nameof(Child_opens_the_compiler), (NvrtcLocator.FolderVariable, ""), ("XDG_CACHE_HOME", empty.Path), ("LD_LIBRARY_PATH", system.Path));
        Assert.StartsWith("nvrtc-", Assert.Single(child.Report), StringComparison.Ordinal);
    }

    [Fact]
    public void Child_opens_the_compiler() => ChildProcess.Report(NvrtcCompiler.OpenOrMissing().Version ?? "none");

    [Fact]
    public void Old_devices_have_none() => Assert.Throws<ArgumentOutOfRangeException>(() => KernelTarget.For(75));
}
