using System.Diagnostics;
using System.Runtime.Intrinsics.X86;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Reference;

namespace QatKit.InferenceEngine.Tests.Session;

/// <summary>The engine in processes whose run time has instruction sets switched off.</summary>
public sealed class InstructionSwitchTests
{
    private const string ExpectedTier = "QATKIT_TEST_EXPECTED_TIER";

    [Theory]
    [InlineData("DOTNET_EnableHWIntrinsic", "Scalar")]
    [InlineData("DOTNET_EnableAVX2", "Scalar")]
    [InlineData("DOTNET_EnableAVXVNNI", "Avx2")]
    public async Task A_process_without_an_instruction_set_gives_the_same_logits(string variable, string expectedTier)
    {
        Assert.SkipUnless(Avx2.IsSupported, "This processor has no AVX2 to switch off.");
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(InstructionSwitchTests).Assembly.Location);
        start.ArgumentList.Add("-method");
        start.ArgumentList.Add($"{typeof(InstructionSwitchTests).FullName}.{nameof(In_the_child_the_switch_took_effect_and_logits_are_the_same)}");
        start.Environment[variable] = "0";
        start.Environment[ExpectedTier] = expectedTier;
        using var child = Process.Start(start)!;
        var reading = child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await reading;
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(child.ExitCode == 0, output + error);
        Assert.Contains("Total: 1, Errors: 0, Failed: 0, Skipped: 0", output, StringComparison.Ordinal);
    }

    [Fact]
    public void In_the_child_the_switch_took_effect_and_logits_are_the_same()
    {
        var expected = Environment.GetEnvironmentVariable(ExpectedTier);
        Assert.SkipWhen(expected is null, "Runs in a child process, with an instruction set switched off.");
        Assert.Equal(expected == "Avx2", Avx2.IsSupported);
        Assert.False(AvxVnni.IsSupported);
        Assert.Equal(expected, BackendProbe.Probe().Last(b => b.Backend == "cpu" && b.IsAvailable).Tier);

        var architecture = new BertArchitecture(1, 32, 2, 64, 50, 40, 2, 3);
        var graph = SyntheticGraph.Create(architecture, 21, sparse24: true);
        var batch = SyntheticGraph.CreateBatch(architecture, [5, 33], 1);
        using var session = InferenceSession.Create(graph, new SessionOptions { Threads = 2 });
        Assert.Equal(expected, session.Tier);
        Assert.Equal(ReferenceExecutor.Run(graph, batch), session.Run(batch));
        Assert.Throws<QatKitException>(() => InferenceSession.Create(graph, new SessionOptions { CpuTier = CpuTier.AvxVnni }));
    }
}
