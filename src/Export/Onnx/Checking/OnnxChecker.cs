using QatKit.Core.Diagnostics;

namespace QatKit.Export.Onnx.Checking;

/// <summary>Checks the structure of an ONNX model: what ONNX itself asks for, and what makes a quantized model run as INT8 elsewhere.</summary>
internal static class OnnxChecker
{
    private static readonly Action<OnnxModel, DiagnosticBag>[] Rules =
        [VersionRule.Check, NameRule.Check, OrderRule.Check, TensorRule.Check, QuantizerRule.Check, BiasRule.Check, ShapeRule.Check, SparsityRule.Check];

    /// <summary>Every problem, QK4311 to QK4319, in the order of the rules.</summary>
    public static IReadOnlyList<Diagnostic> Problems(OnnxModel model)
    {
        var problems = new DiagnosticBag();
        foreach (var rule in Rules) rule(model, problems);
        return problems.Items;
    }

    /// <exception cref="QatKitException">Every problem.</exception>
    public static void Check(OnnxModel model)
    {
        var problems = Problems(model);
        if (problems.Count > 0) throw new QatKitException(problems);
    }
}
