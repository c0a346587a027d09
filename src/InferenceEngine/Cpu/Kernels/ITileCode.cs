namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>What runs the 512-bit tiles.</summary>
internal unsafe interface ITileCode
{
    /// <summary>Computes one tile.</summary>
    static abstract void Run(TileKernel kernel, TileOperands* operands);
}
