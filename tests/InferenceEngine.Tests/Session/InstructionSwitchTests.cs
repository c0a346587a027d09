using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.InferenceEngine.Tests.Model;

namespace QatKit.InferenceEngine.Tests.Session;

/// <summary>The engine in processes whose run time has instruction sets switched off: the tier that is left gives every bit of what
/// the reference gives here, where nothing is switched off.</summary>
public sealed class InstructionSwitchTests
{
    private static readonly BertArchitecture Small = new(2, 32, 2, 64, 50, 40, 2, 3);

    // Sizes that are no multiple of any tile, step or vector.
    private static readonly BertArchitecture Odd = new(2, 21, 3, 45, 31, 37, 2, 2);

    [Theory]
    [InlineData("EnableHWIntrinsic", CpuTier.Scalar, "AVX2 False, AVX-VNNI False, AVX-512 False")]
    [InlineData("EnableAVX2", CpuTier.Scalar, "AVX2 False, AVX-VNNI False, AVX-512 False")]
    [InlineData("EnableAVXVNNI EnableAVX512", CpuTier.Avx2, "AVX2 True, AVX-VNNI False, AVX-512 False")]
    [InlineData("EnableAVX512", CpuTier.AvxVnni, "AVX2 True, AVX-VNNI True, AVX-512 False")]
    public async Task A_process_without_an_instruction_set_gives_the_same_bits(string switches, CpuTier tier, string left)
    {
        Tiers.Require(tier, $"{tier}");
        if (BackendProbe.BestCpuTier() == tier)
            Tiers.SkipWithout(Enum.GetValues<CpuTier>().Where(t => t > tier), $"This processor has nothing that {switches} would switch off to leave {tier}.");
        var child = await ChildProcess.Run(typeof(InstructionSwitchTests), nameof(In_the_child_every_model_runs), [.. switches.Split(' ').Select(s => ($"DOTNET_{s}", "0"))]);
        Assert.True(child.ExitCode == 0, child.Output);
        Assert.Equal([$"{tier}, {left}", .. Models().Select(m => Line(m, trace => ReferenceExecutor.Run(m.Graph, m.Batch, trace)))], child.Report);
    }

    [Fact]
    public void In_the_child_every_model_runs()
    {
        ChildProcess.Report($"{BackendProbe.BestCpuTier()}, AVX2 {Avx2.IsSupported}, AVX-VNNI {AvxVnni.IsSupported}, AVX-512 {Avx512F.IsSupported}");
        foreach (var model in Models())
        {
            using var session = InferenceSession.Create(model.Graph, new SessionOptions { Threads = 2, WorkPerThread = 0 });
            Assert.Equal(BackendProbe.BestCpuTier().ToString(), session.Tier);
            ChildProcess.Report(Line(model, trace => session.Run(model.Batch, trace)));
        }

        foreach (var tier in Enum.GetValues<CpuTier>().Where(t => t > BackendProbe.BestCpuTier()))
            Assert.Throws<QatKitException>(() => InferenceSession.Create(SyntheticGraph.Create(Small, 1), new SessionOptions { CpuTier = tier }));
    }

    private static (string Name, QuantizedGraph Graph, TokenBatch Batch)[] Models() =>
    [
        ("dense", SyntheticGraph.Create(Small, 21), SyntheticGraph.CreateBatch(Small, [33], 1)),
        ("2:4, ragged", SyntheticGraph.Create(Small, 22, sparse24: true), SyntheticGraph.CreateBatch(Small, [5, 40, 1, 17], 2)),
        ("odd sizes, int8 embeddings, ragged", GraphEdits.WithQuantizedEmbeddings(SyntheticGraph.Create(Odd, 23)), SyntheticGraph.CreateBatch(Odd, [37, 2, 1], 3)),
        ("mixed precision", SyntheticGraph.Create(Small, 24, int16Layers: new HashSet<string> { ModuleNames.Key(0), ModuleNames.Intermediate(1) }), SyntheticGraph.CreateBatch(Small, [9, 30], 4)),
    ];

    // SHA-256 over every intermediate tensor and the logits.
    private static string Line((string Name, QuantizedGraph Graph, TokenBatch Batch) model, Func<IActivationTrace, float[]> run)
    {
        var trace = new RecordedTrace();
        var logits = run(trace);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, rows, columns, bits) in trace.Tensors)
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{name} [{rows}, {columns}]"));
            hash.AppendData(MemoryMarshal.AsBytes<int>(bits));
        }

        hash.AppendData(MemoryMarshal.AsBytes<float>(logits));
        return $"{model.Name}: {trace.Tensors.Count} tensors {Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }
}
