using System.Runtime.InteropServices;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Reference;

namespace QatKit.InferenceEngine.Tests.MachineCode;

/// <summary>The engine on a system that lets no memory become executable which was written before: the next tier runs, and the reason is told.</summary>
public sealed partial class RefusedCodeTests
{
    private const string Reason = "memory for machine code was refused (mprotect: error 13, Permission denied)";
    private static readonly BertArchitecture Tiny = new(1, 16, 2, 32, 20, 16, 2, 2);
    private static readonly QuantizedGraph Graph = SyntheticGraph.Create(Tiny, 1);
    private static readonly TokenBatch Batch = SyntheticGraph.CreateBatch(Tiny, [3, 16], 2);

    [Fact]
    public async Task A_system_that_refuses_gets_the_next_tier_with_the_same_bits()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "The refusal is one of Linux on x64.");
        Tiers.Require(CpuTier.Avx512Vnni, "A refusal");
        // The runtime's own code never goes the forbidden way then.
        var child = await ChildProcess.Run(typeof(RefusedCodeTests), nameof(In_the_child_code_is_refused), ("DOTNET_EnableWriteXorExecute", "0"));
        Assert.True(child.ExitCode == 0, child.Output);
        Assert.SkipWhen(child.Report is ["no filter"], "This system lets no process give up system calls.");
        var next = new[] { CpuTier.AvxVnni, CpuTier.Avx2 }.First(t => BackendProbe.Cpu(t).IsAvailable);
        Assert.Equal(
            [
                $"{CpuTier.Avx512Vnni}: {Reason}",
                $"QK5050 SessionOptions.CpuTier: the tier Avx512Vnni cannot run here: {Reason}. Use CpuTier.Auto.",
                $"{next}: {string.Join(' ', ReferenceExecutor.Run(Graph, Batch).Select(BitConverter.SingleToUInt32Bits))}",
            ], child.Report);
    }

    [Fact]
    public void In_the_child_code_is_refused()
    {
        // Without a parent nothing may be refused in this process.
        ChildProcess.SkipWithoutParent();
        if (!RefuseToMakeExecutable())
        {
            ChildProcess.Report("no filter");
            return;
        }

        var tier = Assert.Single(BackendProbe.Probe(), b => b.Tier == nameof(CpuTier.Avx512Vnni));
        Assert.False(tier.IsAvailable);
        ChildProcess.Report($"{tier.Tier}: {tier.Reason}");
        ChildProcess.Report(Assert.Throws<QatKitException>(() => InferenceSession.Create(Graph, new SessionOptions { CpuTier = CpuTier.Avx512Vnni })).Message);
        using var session = InferenceSession.Create(Graph, new SessionOptions { Threads = 2, WorkPerThread = 0 });
        ChildProcess.Report($"{session.Tier}: {string.Join(' ', session.Run(Batch).Select(BitConverter.SingleToUInt32Bits))}");
    }

    // Of this thread, for ever: mprotect to "read and execute" fails with EACCES. A filter of system calls, as sandboxes have them.
    private static unsafe bool RefuseToMakeExecutable()
    {
        const ushort Load = 0x20, JumpIfEqual = 0x15, Return = 0x06;
        const uint Number = 0, Machine = 4, ThirdArgument = 32, X64 = 0xC000003E, Mprotect = 10, ReadExecute = 5, Allow = 0x7FFF0000, Fail = 0x00050000, AccessDenied = 13;
        const int NoNewPrivileges = 38, SystemCallFilter = 22, ByProgram = 2;
        ReadOnlySpan<Instruction> program =
        [
            new(Load, 0, 0, Machine), new(JumpIfEqual, 0, 5, X64),
            new(Load, 0, 0, Number), new(JumpIfEqual, 0, 3, Mprotect),
            new(Load, 0, 0, ThirdArgument), new(JumpIfEqual, 0, 1, ReadExecute),
            new(Return, 0, 0, Fail | AccessDenied), new(Return, 0, 0, Allow),
        ];
        fixed (Instruction* first = program)
        {
            var filter = new Filter { Count = (ushort)program.Length, First = first };
            return prctl(NoNewPrivileges, 1, 0, 0, 0) == 0 && prctl(SystemCallFilter, ByProgram, (nint)(&filter), 0, 0) == 0;
        }
    }

    // What to do, instructions to skip if so and if not, and a constant.
    private readonly record struct Instruction(ushort Code, byte IfTrue, byte IfFalse, uint Value);

    private unsafe struct Filter
    {
        public ushort Count;
        public Instruction* First;
    }

    [LibraryImport("libc")]
    private static partial int prctl(int option, nint a, nint b, nint c, nint d);
}
