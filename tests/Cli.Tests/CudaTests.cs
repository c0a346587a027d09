using QatKit.Cli.CommandLine;
using QatKit.Cli.Doctor;
using QatKit.InferenceEngine;

namespace QatKit.Cli.Tests;

/// <summary>The verbs where a GPU is asked for and there is none; with one, the tests of the engine and eng/gpu-check.sh run.</summary>
public sealed class CudaTests : IDisposable
{
    private readonly ModelFixture _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData("bench", "--shape", "1x32x2x64", "--seq", "8", "--backend", "cuda")]
    [InlineData("predict", "MODEL", "a film", "--backend", "CUDA")]
    [InlineData("verify", "MODEL", "--data", "builtin:reviews", "--limit", "2", "--backend", "cpu,cuda")]
    public async Task A_demand_for_cuda_that_cannot_be_met_is_an_environment_error(params string[] arguments)
    {
        var reason = MissingCuda();
        var (code, output, error) = await CliRunner.Run([.. arguments.Select(a => a == "MODEL" ? _model.Folder : a)]);
        Assert.Equal((ExitCode.EnvironmentMissing, $"error {reason}\n"), (code, error));
        Assert.DoesNotContain("bit-equal", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Auto_answers_with_the_processor_and_says_why()
    {
        var reason = MissingCuda();
        var (code, output, error) = await CliRunner.Run("predict", _model.Folder, "a film", "--backend", "auto");
        Assert.Equal((ExitCode.Ok, $"CUDA is not used: {reason}\n"), (code, error));
        Assert.EndsWith(": a film\n", output, StringComparison.Ordinal);
        (code, output, _) = await CliRunner.Run("bench", "--shape", "1x32x2x64", "--seq", "8", "--iterations", "1", "--backend", "auto");
        Assert.Equal(ExitCode.Ok, code);
        Assert.Contains("; CUDA not used: " + reason, output, StringComparison.Ordinal);
        Assert.DoesNotContain("device p50", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_backend_is_a_usage_error()
    {
        var (code, _, error) = await CliRunner.Run("verify", _model.Folder, "--data", "builtin:reviews", "--backend", "cpu,gpu");
        Assert.Equal((ExitCode.Usage, "'gpu' in --backend is not a backend. Use cpu, cuda, or both as cuda,cpu.\n\n"), (code, error));
    }

    [Fact]
    public async Task An_unknown_kernel_target_is_refused_with_those_that_exist()
    {
        var (code, output, error) = await CliRunner.Run("kernels", _model.Folder, "--for", "sm_90");
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.Equal("error QK6012 targets: 'sm_90' is not a target. Use some of sm_80, sm_86, sm_89, sm_90a, compute_90.\n", error);
        Assert.False(Directory.Exists(_model.Combine(CudaKernels.FolderName)));
    }

    [Fact]
    public void The_checkup_shows_a_whole_device_and_what_is_too_old()
    {
        var cuda = new CudaEnvironment("13.0", null,
            [new(0, "NVIDIA H200", "9.0", 132, 150_000L << 20, "sm_90a"), new(1, "Tesla T4", "7.5", 40, 15_000L << 20, null)],
            "nvrtc-12.4", "/opt/libnvrtc.so.12", null, "/cache/kernels", 12, 3L << 20);
        Assert.Equal(
            [
                new Finding("cuda driver", FindingState.Ok, false, "supports CUDA 13.0"),
                new Finding("cuda device 0", FindingState.Ok, false, "NVIDIA H200, compute capability 9.0, 132 multiprocessors, 150000 MiB, runs sm_90a kernels"),
                new Finding("cuda device 1", FindingState.Missing, false, "Tesla T4, compute capability 7.5, 40 multiprocessors, 15000 MiB, too old for the int8 kernels",
                    "Use a device of compute capability 8.0 or later; the CPU needs nothing."),
                new Finding("nvrtc", FindingState.Ok, false, "nvrtc-12.4 from /opt/libnvrtc.so.12"),
                new Finding("kernel cache", FindingState.Ok, false, "/cache/kernels, 12 kernels, 3 MiB"),
            ],
            CudaCheckup.Findings(cuda));
        Assert.Equal(
            ["cuda driver QK6001: none.", "nvrtc QK6010: none.", "kernel cache this user has no home folder: kernels are compiled at each start"],
            CudaCheckup.Findings(new CudaEnvironment(null, "QK6001: none.", [], null, null, "QK6010: none.", null, 0, 0)).Select(f => $"{f.Component} {f.Detail}"));
    }

    [Fact]
    public void The_checkup_says_what_auto_chooses_and_why()
    {
        string Choice(bool device) => CudaCheckup.Choice(
            [new("cpu", "Scalar", true, "runs everywhere"), new("cpu", "Avx2", true, "found"), new("cpu", "AvxVnni", false, "absent"), new("cuda", device ? "sm_90a" : "device", device, device ? "NVIDIA H200" : "QK6001: none.")]).Detail;
        Assert.Equal("cpu Avx2 by default; auto chooses cuda sm_90a: NVIDIA H200", Choice(true));
        Assert.Equal("cpu Avx2 by default; auto chooses cpu Avx2, because QK6001: none.", Choice(false));
    }

    private static string MissingCuda()
    {
        var cuda = BackendProbe.Probe().Single(b => b.Backend == "cuda");
        Assert.SkipWhen(cuda.IsAvailable, "This machine has a CUDA device.");
        return cuda.Reason;
    }
}
