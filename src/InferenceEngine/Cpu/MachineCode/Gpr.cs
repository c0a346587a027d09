namespace QatKit.InferenceEngine.Cpu.MachineCode;

/// <summary>General-purpose registers of x86-64, by their number in an instruction.</summary>
internal enum Gpr
{
    Rax,
    Rcx,
    Rdx,
    Rbx,
    Rsp,
    Rbp,
    Rsi,
    Rdi,
    R8,
    R9,
    R10,
    R11,
    R12,
}
