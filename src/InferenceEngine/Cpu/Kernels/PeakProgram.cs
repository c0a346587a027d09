using QatKit.InferenceEngine.Cpu.MachineCode;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Writes a loop of <c>vpdpbusd</c> on 512-bit registers and nothing else: <c>void peak(long steps)</c>, with at least one step.</summary>
internal static class PeakProgram
{
    /// <summary>Independent accumulators, more than the instruction's latency can fill.</summary>
    public const int Accumulators = 14;

    // Registers that no calling convention wants back.
    private const int First = 16, X = 30, W = 31;

    public static byte[] Write(bool windows)
    {
        var code = new CodeWriter();
        code.Move(Gpr.Rax, windows ? Gpr.Rcx : Gpr.Rdi);
        for (var register = First; register <= W; register++) code.Clear(register);
        var top = code.Position;
        for (var i = 0; i < Accumulators; i++) code.MultiplyAdd(First + i, X, W);
        code.Decrement(Gpr.Rax);
        code.JumpIfNotZero(top);
        code.ClearUpperHalves();
        code.Return();
        return code.ToArray();
    }
}
