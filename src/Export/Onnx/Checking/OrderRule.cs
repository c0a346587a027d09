using QatKit.Core.Diagnostics;

namespace QatKit.Export.Onnx.Checking;

/// <summary>Every node reads only what stands before it, and every output of the model is made.</summary>
internal static class OrderRule
{
    public static void Check(OnnxModel model, DiagnosticBag problems)
    {
        var known = model.Graph.Input.Select(i => i.Name).Concat(model.Graph.Initializer.Select(t => t.Name)).ToHashSet(StringComparer.Ordinal);
        foreach (var node in model.Graph.Node)
        {
            foreach (var input in node.Input.Where(i => i.Length > 0 && !known.Contains(i)))
            {
                var why = model.Producer(input) is { } later ? $"node '{later.Name}' makes only later" : "nothing makes";
                problems.Add("QK4313", $"{model.Path}: {node.Name}", $"the node reads '{input}', which {why}. Nodes must stand in the order in which they run.");
            }

            known.UnionWith(node.Output);
        }

        foreach (var output in model.Graph.Output.Where(o => !known.Contains(o.Name)))
            problems.Add("QK4313", model.Path, $"nothing makes the model's output '{output.Name}'. Export the model again.");
    }
}
