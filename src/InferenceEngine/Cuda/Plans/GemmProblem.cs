using System.Globalization;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Cuda.Packing;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>One int8 matrix product: <c>Y[Tokens, Features] = epilogue(X[Tokens, Depth] · W[Features, Depth]ᵀ)</c>.</summary>
/// <param name="Tokens">T.</param>
/// <param name="Features">N.</param>
/// <param name="Depth">K.</param>
/// <param name="Sparse24">2:4 weights.</param>
/// <param name="Epilogue">What happens to the sums.</param>
/// <param name="Gathered">True when the rows of X are picked by an index.</param>
internal sealed record GemmProblem(int Tokens, int Features, int Depth, bool Sparse24, GemmEpilogue Epilogue, bool Gathered = false)
{
    /// <summary>Steps along K.</summary>
    public int Steps => WeightLayout.Steps(Depth);

    /// <summary>Shapes, for people.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"X[{Tokens}, {Depth}] W[{Features}, {Depth}]{(Sparse24 ? " 2:4" : "")}");
}
