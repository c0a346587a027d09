using QatKit.Core.Diagnostics;

namespace QatKit.Export.Onnx.Checking;

/// <summary>Weights that the file's metadata calls 2:4 have at most two non-zero codes in every four along their inputs.</summary>
internal static class SparsityRule
{
    public static void Check(OnnxModel model, DiagnosticBag problems)
    {
        foreach (var name in OnnxMetadata.Sparse24(model.Message))
        {
            var place = $"{model.Path}: {name}";
            if (model.Tensor(name) is not { Dims: [var inputs, var outputs] } || inputs % 4 != 0 || NonZero(model, name) is not { } nonZero || nonZero.Length != inputs * outputs)
                problems.Add("QK4319", place, "the metadata calls this tensor 2:4 sparse, but it is not a matrix with a multiple of 4 rows. Export the model again.");
            else if (FirstDense(nonZero, inputs, outputs) is { } at)
                problems.Add("QK4319", place, $"rows {at.Row} to {at.Row + 3} of column {at.Column} hold more than two non-zero weights. The 2:4 pattern was lost: export the model again.");
        }
    }

    private static bool[]? NonZero(OnnxModel model, string name) =>
        model.Values<sbyte>(name) is { } codes ? Array.ConvertAll(codes, c => c != 0)
        : model.Values<float>(name) is { } values ? Array.ConvertAll(values, v => v != 0)
        : null;

    // Weights lie [in, out], so the four of a group are one row apart.
    private static (long Row, long Column)? FirstDense(bool[] nonZero, long inputs, long outputs)
    {
        for (var row = 0L; row < inputs; row += 4)
        {
            for (var column = 0L; column < outputs; column++)
            {
                var kept = 0;
                for (var i = 0; i < 4; i++) if (nonZero[(row + i) * outputs + column]) kept++;
                if (kept > 2) return (row, column);
            }
        }

        return null;
    }
}
