using Iced.Intel;
using QatKit.InferenceEngine.Cpu.Kernels;
using QatKit.InferenceEngine.Cpu.MachineCode;
using QatKit.InferenceEngine.Tests.MachineCode;

namespace QatKit.InferenceEngine.Tests;

/// <summary>The machine code of the 512-bit tiles, emulated: proves them where the processor lacks AVX-512 VNNI.</summary>
internal readonly unsafe struct EmulatedTileCode : ITileCode
{
    private static readonly Instruction[][] Programs = [.. TileKernel.All.Select(k => EmulatedProcessor.Decode(TileProgram.Write(k, windows: false)))];

    [ThreadStatic]
    private static EmulatedProcessor? _processor;

    public static void Run(TileKernel kernel, TileOperands* operands)
    {
        _processor ??= new EmulatedProcessor();
        _processor.General[(int)Gpr.Rdi] = (ulong)operands;
        _processor.Run(Programs[kernel.Index]);
    }
}
