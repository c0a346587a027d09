using System.Runtime.InteropServices;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;

namespace QatKit.Export;

/// <summary>Compares two graphs field by field, floats by their bits.</summary>
internal static class GraphComparison
{
    /// <exception cref="QatKitException">QK4032: every field that differs.</exception>
    public static void RequireEqual(QuantizedGraph expected, QuantizedGraph actual)
    {
        var problems = new DiagnosticBag();
        foreach (var field in Differences(expected, actual))
            problems.Add("QK4032", field, "what was read back is not what was written. The disk or the memory is faulty: export again, to another disk.");
        problems.ThrowIfAny();
    }

    /// <summary>Names of the fields that differ.</summary>
    public static IEnumerable<string> Differences(QuantizedGraph x, QuantizedGraph y)
    {
        if (x.Architecture != y.Architecture || x.Layers.Count != y.Layers.Count)
        {
            yield return "architecture";
            yield break; // Nothing below can be paired.
        }

        var pairs = Fields(x).Zip(Fields(y));
        foreach (var (a, b) in pairs)
        {
            if (a.Name != b.Name || !a.Bytes.Span.SequenceEqual(b.Bytes.Span)) yield return a.Name;
        }
    }

    // Every field of a graph as bytes, always the same number of fields for the same number of layers.
    private static IEnumerable<(string Name, ReadOnlyMemory<byte> Bytes)> Fields(QuantizedGraph graph)
    {
        foreach (var table in new[] { graph.WordEmbeddings, graph.PositionEmbeddings, graph.TokenTypeEmbeddings })
        {
            yield return Field(table.Name + ".shape", [table.Rows, table.Columns]);
            yield return Field(table.Name + ".values", table.Values);
            yield return Field(table.Name + ".codes", table.Codes);
            yield return Field(table.Name + ".row_scale", table.RowScale);
        }

        foreach (var norm in graph.LayerNorms)
        {
            yield return Field(norm.Name + ".gamma", norm.Gamma);
            yield return Field(norm.Name + ".beta", norm.Beta);
            yield return Field(norm.Name + ".exponent", [norm.Exponent]);
        }

        foreach (var linear in graph.Linears)
        {
            yield return Field(linear.Name + ".shape", [linear.Out, linear.In]);
            yield return Field(linear.Name + ".int8", linear.Int8Weight);
            yield return Field(linear.Name + ".int16", linear.Int16Weight);
            yield return Field(linear.Name + ".weight_scale", linear.WeightScale);
            yield return Field(linear.Name + ".input_scale", [linear.Input.Scale, linear.Input.InverseScale]);
            yield return Field(linear.Name + ".bias", linear.Bias);
            yield return Field(linear.Name + ".mask_pattern", linear.Mask?.Pattern.ToCharArray());
            yield return Field<int>(linear.Name + ".mask_shape", linear.Mask is { } mask ? [mask.Out, mask.In] : null);
            yield return Field(linear.Name + ".mask", linear.Mask?.Bits);
        }

        foreach (var layer in graph.Layers)
        {
            float[] scales = [layer.QueryOutput.Scale, layer.KeyOutput.Scale, layer.ValueOutput.Scale];
            yield return Field(layer.Query.Name + ".output_scales", scales);
        }
    }

    // null and empty arrays are told apart by one leading byte.
    private static (string, ReadOnlyMemory<byte>) Field<T>(string name, T[]? values) where T : unmanaged =>
        (name, values is null ? new byte[] { 0 } : (byte[])[1, .. MemoryMarshal.AsBytes(values.AsSpan())]);
}
