using System.Runtime.InteropServices;
using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;

namespace QatKit.Export.Onnx.Checking;

/// <summary>Compares an INT8 ONNX model with the graph that it was made from: codes, scales and values by their bits.</summary>
internal static class OnnxComparison
{
    /// <exception cref="QatKitException">QK4320: every tensor that differs.</exception>
    public static void RequireEqual(QuantizedGraph graph, OnnxModel model)
    {
        var problems = new DiagnosticBag();
        void Require<T>(string tensor, T[]? found, T[] expected)
            where T : unmanaged
        {
            if (found is null || !MemoryMarshal.AsBytes<T>(found).SequenceEqual(MemoryMarshal.AsBytes<T>(expected)))
                problems.Add("QK4320", $"{model.Path}: {tensor}", "what was read back is not what the model has. The disk or the memory is faulty: export again, to another disk.");
        }

        foreach (var table in new[] { graph.WordEmbeddings, graph.PositionEmbeddings, graph.TokenTypeEmbeddings })
            Require(TensorNames.Weight(table.Name), model.Values<float>(TensorNames.Weight(table.Name)), BertWeights.Values(table));
        foreach (var norm in graph.LayerNorms)
        {
            Require(TensorNames.Weight(norm.Name), model.Values<float>(TensorNames.Weight(norm.Name)), norm.Gamma);
            Require(TensorNames.Bias(norm.Name), model.Values<float>(TensorNames.Bias(norm.Name)), norm.Beta);
        }

        foreach (var linear in graph.Linears)
        {
            var found = OnnxLinear.Find(model, linear);
            Require(TensorNames.Bias(linear.Name), found?.Bias, linear.Bias);
            if (linear.Int8Weight is null)
            {
                Require(TensorNames.Weight(linear.Name), found?.Values, BertWeights.Values(linear));
                continue;
            }

            Require(TensorNames.Weight(linear.Name), found?.Codes, linear.Int8Weight);
            Require(TensorNames.WeightScale(linear.Name), found?.WeightScale, linear.WeightScale);
            Require(TensorNames.InputScale(linear.Name), found?.InputScale, [linear.Input.Scale]);
        }

        foreach (var layer in graph.Layers)
        {
            foreach (var (name, scale) in new[] { (layer.Query.Name, layer.QueryOutput), (layer.Key.Name, layer.KeyOutput), (layer.Value.Name, layer.ValueOutput) })
                Require(TensorNames.OutputScale(name), model.Values<float>(TensorNames.OutputScale(name)), [scale.Scale]);
        }

        problems.ThrowIfAny();
    }
}
