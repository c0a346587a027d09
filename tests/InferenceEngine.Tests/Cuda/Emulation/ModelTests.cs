using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Tests.Model;

namespace QatKit.InferenceEngine.Tests.Cuda.Emulation;

/// <summary>Whole models on emulated kernels: the same codes at every step and the same logits as the reference.</summary>
public sealed class ModelTests
{
    private static readonly GemmTile Tile = new(64, 32, 2, 2, 3);

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    public void Tiny_model_has_the_codes_and_logits_of_the_reference(bool sparse24, int splits)
    {
        var architecture = new BertArchitecture(2, 128, 2, 512, 60, 48, 2, 3);
        Check(SyntheticGraph.Create(architecture, 11, sparse24), [5, 1, 33, 48, 17], splits);
    }

    [Fact]
    public void Layers_out_of_int8_and_odd_sizes_have_the_codes_and_logits_of_the_reference()
    {
        var architecture = new BertArchitecture(2, 36, 3, 70, 20, 40, 2, 2); // heads of 12: not 16-byte aligned
        var int16 = new HashSet<string>
        {
            ModuleNames.Key(0), ModuleNames.AttentionOutput(0), ModuleNames.Intermediate(0), ModuleNames.Output(1), ModuleNames.Query(1), ModuleNames.Pooler,
        };
        Check(SyntheticGraph.Create(architecture, 12, int16Layers: int16), [7, 40, 1], 1);
    }

    private static void Check(QuantizedGraph graph, int[] lengths, int splits)
    {
        var batch = SyntheticGraph.CreateBatch(graph.Architecture, lengths, 3);
        RecordedTrace expected = new(), actual = new();
        var logits = ReferenceExecutor.Run(graph, batch, expected);
        using var model = new EmulatedModel(graph, batch, Tile, splits);
        Assert.Equal(logits, model.Run(actual));
        RecordedTrace.AssertEqual(expected, actual);
    }
}
