namespace QatKit.InferenceEngine.Cpu.MachineCode;

/// <summary>A memory operand: <c>base + index · scale + displacement</c>.</summary>
/// <param name="Base">Base register.</param>
/// <param name="Displacement">Bytes.</param>
/// <param name="Index">Index register, if any; not <see cref="Gpr.Rsp"/>.</param>
/// <param name="Scale">1, 2, 4 or 8.</param>
internal readonly record struct Address(Gpr Base, int Displacement = 0, Gpr? Index = null, int Scale = 1);
