using QatKit.Core.Diagnostics;

namespace QatKit.Export.Onnx.Checking;

/// <summary>Every node has a name of its own, and every value is made once.</summary>
internal static class NameRule
{
    public static void Check(OnnxModel model, DiagnosticBag problems)
    {
        var graph = model.Graph;
        Unique("node", graph.Node.Select(n => n.Name));
        Unique("value", graph.Input.Select(v => v.Name).Concat(graph.Initializer.Select(t => t.Name)).Concat(graph.Node.SelectMany(n => n.Output)).Where(v => v.Length > 0));
        Unique("output", graph.Output.Select(v => v.Name));

        void Unique(string kind, IEnumerable<string> names)
        {
            foreach (var name in names.GroupBy(n => n).Where(g => g.Count() > 1 || g.Key.Length == 0))
                problems.Add("QK4312", model.Path, $"{name.Count()} {kind}s have the name '{name.Key}'. Names tell nodes and values apart: export the model again.");
        }
    }
}
