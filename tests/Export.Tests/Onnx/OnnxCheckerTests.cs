using Google.Protobuf;
using QatKit.Export.Onnx;
using QatKit.Export.Onnx.Checking;
using QatKit.Export.Onnx.Schema;

namespace QatKit.Export.Tests.Onnx;

/// <summary>Each rule of the checker finds what it is there for, and says it in full.</summary>
public sealed class OnnxCheckerTests
{
    private const string Up = "bert.encoder.layer.0.intermediate.dense", Gelu = "bert.encoder.layer.0.intermediate/Gelu";

    private static readonly byte[] Good = OnnxExporter.Build(SmallModel.Graph()).ToBytes();

    [Fact]
    public void An_exported_model_has_no_problem() => Assert.Empty(Problems(_ => { }));

    [Fact]
    public void Versions() => Assert.Equal(
        [
            "QK4311 m.onnx: ir_version = 3 is outside 8..13. Export the model again.",
            "QK4311 m.onnx: the opset is 11, outside 17..25. Export the model again, or convert it.",
            $"QK4311 m.onnx: {Up}/MatMul: operator MatMul is of the domain 'com.microsoft', whose version the file does not state. Export the model again.",
        ],
        Problems(m =>
        {
            m.IrVersion = 3;
            m.OpsetImport[0].Version = 11;
            Node(m, Up + "/MatMul").Domain = "com.microsoft";
        }));

    [Fact]
    public void Names() => Assert.Equal(
        [
            $"QK4312 m.onnx: 2 nodes have the name '{Gelu}'. Names tell nodes and values apart: export the model again.",
            "QK4312 m.onnx: 2 values have the name 'zero'. Names tell nodes and values apart: export the model again.",
        ],
        Problems(m =>
        {
            Node(m, Up + "/MatMul").Name = Gelu;
            m.Graph.Initializer.Add(Tensor(m, "zero").Clone());
        }));

    [Fact]
    public void Order_and_missing_values() => Assert.Equal(
        [
            $"QK4313 m.onnx: {Gelu}: the node reads '{Up}/Add', which node '{Up}/Add' makes only later. Nodes must stand in the order in which they run.",
            $"QK4313 m.onnx: {Up}/Add: the node reads 'gone', which nothing makes. Nodes must stand in the order in which they run.",
            "QK4313 m.onnx: nothing makes the model's output 'answer'. Export the model again.",
        ],
        Problems(m =>
        {
            Node(m, Up + "/Add").Input[1] = "gone";
            var gelu = Node(m, Gelu);
            m.Graph.Node.Remove(gelu);
            m.Graph.Node.Insert(0, gelu);
            m.Graph.Output[0].Name = "answer";
        }).Where(p => p.StartsWith("QK4313", StringComparison.Ordinal)));

    [Fact]
    public void Constants() => Assert.Equal(
        [
            "QK4314 m.onnx: bert.embeddings.position_embeddings.weight: the tensor has the shape [8, 15] of Float but 512 bytes of raw data. Export the model again.",
            "QK4314 m.onnx: bert.embeddings.LayerNorm.weight: the tensor holds NaN or infinity at element 3. Export the model again.",
            $"QK4314 m.onnx: {Up}.bias: the tensor lies in another file. Export the model again.",
            "QK4314 m.onnx: classifier.bias: the tensor has the element type 16, which QatKit does not write. Export the model again.",
        ],
        Problems(m =>
        {
            Tensor(m, "bert.embeddings.position_embeddings.weight").Dims[1] = 15;
            SetFloat(Tensor(m, "bert.embeddings.LayerNorm.weight"), 3, float.NaN);
            Tensor(m, Up + ".bias").ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "weights.bin" });
            Tensor(m, "classifier.bias").DataType = 16;
        }).Where(p => p.StartsWith("QK4314", StringComparison.Ordinal)));

    [Fact]
    public void Scales_and_zero_points() => Assert.Equal(
        [
            $"QK4315 m.onnx: {Up}.weight/DequantizeLinear: the scale '{Up}.weight_scale' is -1 at element 2. A scale is positive, finite and normal: export the model again.",
            $"QK4315 m.onnx: {Up}.weight/DequantizeLinear: the zero point '{Up}.weight_zero_point' is 5 at element 0. Only symmetric codes, with zero points of 0, are taken by every engine.",
            "QK4315 m.onnx: bert.encoder.layer.0.output.dense.weight/DequantizeLinear: DequantizeLinear has 2 inputs instead of value, scale and zero point, and 1 outputs. Export the model again.",
            "QK4315 m.onnx: bert.pooler.dense.weight/DequantizeLinear: the scale 'logits' is not a float constant. Export the model again.",
            "QK4315 m.onnx: bert.pooler.dense.weight/DequantizeLinear: the zero point 'zero_point' is not an int8 constant of the scale's shape. Export the model again.",
        ],
        Problems(m =>
        {
            SetFloat(Tensor(m, Up + ".weight_scale"), 2, -1);
            var zeros = Tensor(m, Up + ".weight_zero_point");
            zeros.RawData = ByteString.CopyFrom([5, .. zeros.RawData.ToByteArray()[1..]]);
            Node(m, "bert.encoder.layer.0.output.dense.weight/DequantizeLinear").Input.RemoveAt(2);
            var pooler = Node(m, "bert.pooler.dense.weight/DequantizeLinear");
            (pooler.Input[1], pooler.Input[2]) = ("logits", "zero_point");
        }).Where(p => p.StartsWith("QK4315", StringComparison.Ordinal)));

    [Fact]
    public void Pairs() => Assert.Equal(
        [
            $"QK4316 m.onnx: bert.encoder.layer.0.attention.output.LayerNorm/LayerNormalization/QuantizeLinear: the codes are dequantized by 'bert.encoder.layer.0.attention.output.LayerNorm/LayerNormalization/DequantizeLinear' with another scale or zero point. Both nodes of a pair name the same constants.",
            $"QK4316 m.onnx: {Gelu}/QuantizeLinear: the codes are read by nothing; one DequantizeLinear must read them, so that engines find the pair.",
        ],
        Problems(m =>
        {
            Node(m, "bert.encoder.layer.0.attention.output.LayerNorm/LayerNormalization/DequantizeLinear").Input[1] = "bert.pooler.dense.input_scale";
            Node(m, Gelu + "/DequantizeLinear").Input[0] = Up + ".weight";
        }).Where(p => p.StartsWith("QK4316", StringComparison.Ordinal)));

    [Fact]
    public void Product_and_bias() => Assert.Equal(
        [
            $"QK4317 m.onnx: {Up}/MatMul: the weights are quantized but the input 'bert.encoder.layer.0.attention.output.LayerNorm/LayerNormalization' is not. Put a QuantizeLinear, DequantizeLinear pair before the product.",
            $"QK4317 m.onnx: {Up}/MatMul: the product is read by QuantizeLinear instead of the Add of a float bias. Nothing may stand between a product and its bias.",
        ],
        Problems(m =>
        {
            var product = Node(m, Up + "/MatMul");
            product.Input[0] = "bert.encoder.layer.0.attention.output.LayerNorm/LayerNormalization";
            var at = m.Graph.Node.IndexOf(product) + 1;
            m.Graph.Node.Insert(at, Pair("QuantizeLinear", "between", product.Output[0]));
            m.Graph.Node.Insert(at + 1, Pair("DequantizeLinear", "after", "between"));
            Node(m, Up + "/Add").Input[0] = "after";
        }).Where(p => p.StartsWith("QK4317", StringComparison.Ordinal)));

    [Fact]
    public void Shapes() => Assert.Equal(
        [
            "QK4318 m.onnx: bert.encoder.layer.0.output.dense/MatMul: MatMul cannot take bert.encoder.layer.0.intermediate/Gelu/DequantizeLinear [batch, sequence, 32], bert.encoder.layer.0.attention.output.dense.weight/DequantizeLinear [16, 16]: the inner axes differ: 32 and 16. Export the model again.",
        ],
        Problems(m => Node(m, "bert.encoder.layer.0.output.dense/MatMul").Input[1] = "bert.encoder.layer.0.attention.output.dense.weight/DequantizeLinear"));

    [Fact]
    public void Declared_outputs() => Assert.Equal(
        ["QK4318 m.onnx: logits: the output is declared as [batch, 3], the nodes make [batch, 2]. Export the model again."],
        Problems(m => m.Graph.Output[0].Type.TensorType.Shape.Dim[1].DimValue = 3));

    [Theory]
    [InlineData("bert.pooler/Squeeze", "Squeeze cannot take bert.pooler/Tanh [batch, sequence, 16], pooler.axes [1]: a squeezed axis is not 1: sequence and 1.")]
    [InlineData("bert.encoder.layer.0.attention.self/context/Reshape", "Reshape cannot take bert.encoder.layer.0.attention.self/context/Transpose [batch, sequence, 2, 8], context.shape [3]: [0, 0, 17] has another number of elements.")]
    [InlineData("bert.encoder.layer.0.attention.self.query/Transpose", "Transpose cannot take bert.encoder.layer.0.attention.self.query/Reshape [batch, sequence, 2, 8]: [0, 2, 1] is no order of 4 axes.")]
    [InlineData("bert.embeddings/Add", "Add cannot take bert.embeddings.word_embeddings/Gather [batch, sequence, 16], bert.embeddings.position_embeddings/Slice [8, 16]: axes differ: sequence and 8.")]
    public void Shapes_of_single_operators(string node, string message) => Assert.Equal(
        [$"QK4318 m.onnx: {node}: {message} Export the model again."],
        Problems(m =>
        {
            switch (Node(m, node).OpType)
            {
                case "Squeeze":
                    Node(m, "bert.pooler/Gather").OpType = "Cast";
                    break;
                case "Reshape":
                    Tensor(m, "context.shape").RawData = Bytes(0L, 0L, 17L);
                    break;
                case "Transpose":
                    Node(m, node).Attribute[0].Ints.RemoveAt(3);
                    break;
                case "Add":
                    Node(m, "bert.embeddings.position_embeddings/Slice").OpType = "Cast";
                    break;
            }
        }));

    [Fact]
    public void Lost_sparsity() => Assert.Equal(
        [
            $"QK4319 m.onnx: {Up}.weight: rows 4 to 7 of column 0 hold more than two non-zero weights. The 2:4 pattern was lost: export the model again.",
            "QK4319 m.onnx: classifier.bias: the metadata calls this tensor 2:4 sparse, but it is not a matrix with a multiple of 4 rows. Export the model again.",
        ],
        Problems(m =>
        {
            var weight = Tensor(m, Up + ".weight");
            var codes = weight.RawData.ToByteArray(); // [16, 32]
            for (var row = 4; row < 8; row++) codes[row * 32] = 1;
            weight.RawData = ByteString.CopyFrom(codes);
            m.MetadataProps.Single(p => p.Key == "qatkit.sparse_2_4").Value += "\nclassifier.bias";
        }));

    private static string[] Problems(Action<ModelProto> edit)
    {
        var message = ModelProto.Parser.ParseFrom(Good);
        edit(message);
        return [.. OnnxChecker.Problems(OnnxModel.Parse(message.ToByteArray(), "m.onnx")).Select(p => p.ToString())];
    }

    private static NodeProto Node(ModelProto model, string name) => model.Graph.Node.Single(n => n.Name == name);

    private static TensorProto Tensor(ModelProto model, string name) => model.Graph.Initializer.First(t => t.Name == name);

    private static NodeProto Pair(string operation, string name, string input) =>
        new() { OpType = operation, Name = name, Input = { input, "bert.pooler.dense.input_scale", "zero_point" }, Output = { name } };

    private static void SetFloat(TensorProto tensor, int index, float value)
    {
        var bytes = tensor.RawData.ToByteArray();
        System.Buffers.Binary.BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(index * 4), value);
        tensor.RawData = ByteString.CopyFrom(bytes);
    }

    private static ByteString Bytes(params long[] values) => ByteString.CopyFrom([.. values.SelectMany(BitConverter.GetBytes)]);
}
