using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>Every kernel that the engine's own plans can ask for: what to compile ahead of time, and what the tests compile.</summary>
internal static class KernelCatalog
{
    /// <summary>Kernels of a model.</summary>
    /// <param name="architecture">Sizes.</param>
    /// <param name="sparse24">Packings of int8 layers that occur.</param>
    /// <param name="int16Encoder">True when encoder layers or the pooler read int16 codes.</param>
    /// <param name="hopper">True for compute capability 9.0.</param>
    public static IReadOnlyList<KernelDefinition> For(BertArchitecture architecture, IReadOnlyList<bool> sparse24, bool int16Encoder, bool hopper)
    {
        OutputType[] codes = int16Encoder ? [OutputType.Int8, OutputType.Int16] : [OutputType.Int8];
        GemmEpilogue[] epilogues =
        [
            new(GemmActivation.None, false, OutputType.Int8), // query, key, value
            new(GemmActivation.None, true, OutputType.Float32), // output projections
            .. codes.Select(c => new GemmEpilogue(GemmActivation.Gelu, false, c)), // FFN
            new(GemmActivation.Tanh, false, OutputType.Int16), // pooler
        ];
        var classifier = new GemmEpilogue(GemmActivation.None, false, OutputType.Float32);
        return
        [
            KernelLibrary.Embedding(architecture.Hidden),
            KernelLibrary.LayerNorm(architecture.Hidden),
            .. from output in codes
               from shape in AttentionPlan.Shapes
               select shape.Define(architecture.HeadDim, output),
            .. from sparse in sparse24
               from epilogue in epilogues
               from choice in GemmPlanner.Choices
               where choice.Splits == 1 && (hopper || choice is not WarpgroupChoice)
               select choice.Define(new GemmProblem(1, 1, 1, sparse, epilogue)),
            .. (int16Encoder ? epilogues : []).Append(classifier).Select(KernelLibrary.GemmInt16),
        ];
    }
}
