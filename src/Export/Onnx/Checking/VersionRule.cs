using QatKit.Core.Diagnostics;

namespace QatKit.Export.Onnx.Checking;

/// <summary>The file format and every operator set in use are of a known version.</summary>
internal static class VersionRule
{
    // LayerNormalization came with 17; what is newer than 25 is not known here.
    private const int OldestOpset = 17, NewestOpset = 25, OldestIr = 8, NewestIr = 13;

    public static void Check(OnnxModel model, DiagnosticBag problems)
    {
        if (model.Message.IrVersion is < OldestIr or > NewestIr)
            problems.Add("QK4311", model.Path, $"ir_version = {model.Message.IrVersion} is outside {OldestIr}..{NewestIr}. Export the model again.");
        if (model.Opset is < OldestOpset or > NewestOpset)
            problems.Add("QK4311", model.Path, $"the opset is {model.Opset}, outside {OldestOpset}..{NewestOpset}. Export the model again, or convert it.");
        var imported = model.Message.OpsetImport.Select(o => Standard(o.Domain)).ToHashSet();
        foreach (var node in model.Graph.Node.Where(n => !imported.Contains(Standard(n.Domain))))
            problems.Add("QK4311", $"{model.Path}: {node.Name}", $"operator {node.OpType} is of the domain '{node.Domain}', whose version the file does not state. Export the model again.");
    }

    private static string Standard(string domain) => domain == "ai.onnx" ? "" : domain;
}
