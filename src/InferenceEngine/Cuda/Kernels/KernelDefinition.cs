namespace QatKit.InferenceEngine.Cuda.Kernels;

/// <summary>One kernel with its compile-time constants: what to compile and how to launch it.</summary>
/// <param name="File">Source file among the embedded resources, for example <c>gemm_s8.cu</c>.</param>
/// <param name="EntryPoint">Name of the <c>extern "C"</c> kernel.</param>
/// <param name="Defines">Preprocessor constants, name and value, in a fixed order.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="SharedBytes">Dynamic shared memory of a block in bytes.</param>
internal sealed record KernelDefinition(
    string File, string EntryPoint, IReadOnlyList<KeyValuePair<string, int>> Defines, int Threads, int SharedBytes)
{
    /// <summary>Room for a block's own arrays, and what the alignment of the dynamic part may cost.</summary>
    public const int StaticSharedBytes = 1024;

    /// <summary>Registers that each thread must begin with: a kernel whose warps hand registers to each other waits for ever when there are fewer.</summary>
    public int LeastRegisters { get; init; }

    /// <summary>Blocks of a cluster, neighbours along x.</summary>
    public int Cluster { get; init; } = 1;

    /// <summary>Name and constants on one line: identifies the variant in messages and profiles.</summary>
    public override string ToString() => $"{EntryPoint}<{string.Join(", ", Defines.Select(d => $"{d.Key}={d.Value}"))}>";
}

/// <summary>Blocks of a launch.</summary>
internal readonly record struct LaunchGrid(int X, int Y, int Z)
{
    /// <summary>Output tiles of a matrix product, whose splits along K are Z.</summary>
    public int Tiles => X * Y;

    /// <summary>Blocks in all.</summary>
    public int Blocks => X * Y * Z;

    /// <summary>Steps that cover a size.</summary>
    public static int DivideUp(int size, int step) => (size + step - 1) / step;
}
