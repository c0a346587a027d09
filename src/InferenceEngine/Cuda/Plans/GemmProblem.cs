using System.Globalization;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>One int8 matrix product: <c>Y[Tokens, Features] = epilogue(X[Tokens, Depth] · W[Features, Depth]ᵀ)</c>.</summary>
internal sealed record GemmProblem(int Tokens, int Features, int Depth, bool Sparse24, GemmEpilogue Epilogue)
{
    /// <summary>Shapes, for people.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"X[{Tokens}, {Depth}] W[{Features}, {Depth}]{(Sparse24 ? " 2:4" : "")}");
}
