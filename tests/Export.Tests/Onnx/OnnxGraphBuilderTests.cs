using Microsoft.ML.OnnxRuntime;
using QatKit.Core.Diagnostics;
using QatKit.Export.Onnx;
using QatKit.TestKit;

namespace QatKit.Export.Tests.Onnx;

public sealed class OnnxGraphBuilderTests
{
    [Fact]
    public void Onnx_runtime_runs_what_was_built_with_free_axes_attributes_and_a_foreign_domain()
    {
        var g = new OnnxGraphBuilder("test", 10, 21).Opset("com.microsoft", 1).Metadata("key", "value");
        var x = g.Input("x", OnnxElementType.Float, "rows", 2);
        var w = g.Initializer<float>("w", [2, 3], [1, 2, 3, 4, 5, 6]);
        var codes = g.Node("QuantizeLinear", "codes", [x, g.Initializer<float>("scale", [], [0.5f]), g.Initializer<sbyte>("zero", [], [0])]);
        var product = g.Node("FusedMatMul", "product", [g.Node("DequantizeLinear", "values", [codes, "scale", "zero"]), w], [OnnxAttribute.Float("alpha", 2f)], "com.microsoft");
        g.Output(g.Node("Transpose", "y", [product], [OnnxAttribute.Ints("perm", 1, 0)]), OnnxElementType.Float, 3, "rows");
        using var folder = new TempFolder();
        g.Write(folder.Combine("sub", "m.onnx"));
        Assert.Equal(g.ToBytes(), File.ReadAllBytes(folder.Combine("sub", "m.onnx")));

        using var session = new InferenceSession(folder.Combine("sub", "m.onnx"));
        Assert.Equal("value", session.ModelMetadata.CustomMetadataMap["key"]);
        Assert.Equal("QatKit", session.ModelMetadata.ProducerName);
        Assert.Equal([-1, 2], session.InputMetadata["x"].Dimensions);
        using var input = OrtValue.CreateTensorValueFromMemory(new[] { 1f, 0.7f, -1f, 2f }, [2, 2]);
        using var run = new RunOptions();
        using var results = session.Run(run, ["x"], [input], ["y"]);
        // 0.7 is 0.5 on the grid of 0.5; y = (2 · x·w)ᵀ.
        Assert.Equal([6f, 14f, 9f, 16f, 12f, 18f], results[0].GetTensorDataAsSpan<float>().ToArray());
    }

    [Fact]
    public void Taken_unknown_and_misshapen_values_are_refused()
    {
        var g = new OnnxGraphBuilder("test", 10, 21);
        g.Input("x", OnnxElementType.Int64, 1);
        Assert.Equal("The value name 'x' is taken. (Parameter 'name')", Assert.Throws<ArgumentException>(() => g.Initializer<float>("x", [], [1])).Message);
        Assert.Equal("Node 'n' reads 'y', which is not known yet. (Parameter 'inputs')", Assert.Throws<ArgumentException>(() => g.Node("Identity", "n", ["y"])).Message);
        Assert.Equal("Tensor 'w' has 6 elements by its shape but 1 values. (Parameter 'shape')", Assert.Throws<ArgumentException>(() => g.Initializer<int>("w", [2, 3], [1])).Message);
        Assert.Equal("System.Double is not an element type of the tensors written here.", Assert.Throws<ArgumentException>(() => g.Initializer<double>("d", [1], [1])).Message);
        g.Node("Identity", "m", ["x"]);
        Assert.Equal("The node name 'm' is taken. (Parameter 'name')", Assert.Throws<ArgumentException>(() => g.Node("Identity", "m", ["x"])).Message);
    }

    [Fact]
    public void A_model_beyond_the_limit_of_protobuf_is_refused()
    {
        Assert.Equal(2080374783, new OnnxGraphBuilder("test", 10, 21).MaxTensorBytes);
        var g = new OnnxGraphBuilder("test", 10, 21) { MaxTensorBytes = 24 };
        g.Initializer<float>("a", [4], [1, 2, 3, 4]);
        var e = Assert.Throws<QatKitException>(() => g.Initializer<long>("b", [2], [1, 2]));
        Assert.Equal("QK4301 b: with this tensor the model has 32 bytes of weights; an ONNX file holds at most 24. Export a smaller model, or INT8 instead of float.", e.Message);
    }
}
