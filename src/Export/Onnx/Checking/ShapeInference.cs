using QatKit.Export.Onnx.Schema;

namespace QatKit.Export.Onnx.Checking;

/// <summary>Shapes of the outputs of the operators that QatKit writes. An unknown axis is the default dimension, an unknown shape null.</summary>
internal sealed class ShapeInference(OnnxModel model, Dictionary<string, OnnxDimension[]?> shapes)
{
    // What a Shape node says: dimensions as values.
    private readonly Dictionary<string, OnnxDimension[]> _shapeValues = new(StringComparer.Ordinal);

    /// <summary>Adds the shapes of a node's outputs.</summary>
    /// <exception cref="ShapeException">The node cannot take its inputs.</exception>
    public void Infer(NodeProto node)
    {
        foreach (var output in node.Output) shapes[output] = null;
        if (node.Domain is not ("" or "ai.onnx") || node.Output.Count == 0 || Shape(node, 0) is not { } x) return;
        if (node.OpType == "Split")
        {
            Split(node, x);
            return;
        }

        shapes[node.Output[0]] = node.OpType switch
        {
            "Cast" or "Gelu" or "Tanh" or "Softmax" => x,
            "QuantizeLinear" or "DequantizeLinear" => Quantizer(node, x),
            "LayerNormalization" => Norm(node, x),
            "Add" or "Sub" or "Mul" or "Div" => Shape(node, 1) is { } y ? Broadcast(x, y) : null,
            "MatMul" => Shape(node, 1) is { } y ? MatMul(x, y) : null,
            "Gather" => Shape(node, 1) is { } indices ? Gather(node, x, indices) : null,
            "Shape" => ShapeOf(node, x),
            "Slice" => Slice(node, x),
            "Unsqueeze" => Constant(node, 1) is { } axes ? Unsqueeze(x, axes) : null,
            "Squeeze" => Constant(node, 1) is { } axes ? Squeeze(x, axes) : null,
            "Transpose" => Transpose(node, x),
            "Reshape" => Constant(node, 1) is { } target ? Reshape(x, target) : null,
            _ => null,
        };
    }

    private static long Attribute(NodeProto node, string name, long otherwise) => node.Attribute.FirstOrDefault(a => a.Name == name)?.I ?? otherwise;

    private static int Axis(long axis, int rank)
    {
        var index = axis < 0 ? axis + rank : axis;
        return index >= 0 && index < rank ? (int)index : throw new ShapeException($"axis {axis} is outside {rank} axes.");
    }

    private static void Require(OnnxDimension a, OnnxDimension b, string what)
    {
        if (a != b && a != default && b != default) throw new ShapeException($"{what}: {a} and {b}.");
    }

    private static OnnxDimension[] Broadcast(ReadOnlySpan<OnnxDimension> x, ReadOnlySpan<OnnxDimension> y)
    {
        var result = new OnnxDimension[Math.Max(x.Length, y.Length)];
        for (var i = 1; i <= result.Length; i++)
        {
            var a = i <= x.Length ? x[^i] : 1;
            var b = i <= y.Length ? y[^i] : 1;
            if (a.Size != 1 && b.Size != 1) Require(a, b, "axes differ");
            result[^i] = a.Size == 1 || a == default ? b : a;
        }

        return result;
    }

    private static OnnxDimension[] MatMul(OnnxDimension[] x, OnnxDimension[] y)
    {
        if (x.Length < 2 || y.Length < 2) throw new ShapeException("a product needs matrices.");
        Require(x[^1], y[^2], "the inner axes differ");
        return [.. Broadcast(x.AsSpan()[..^2], y.AsSpan()[..^2]), x[^2], y[^1]];
    }

    private static OnnxDimension[] Gather(NodeProto node, OnnxDimension[] x, OnnxDimension[] indices)
    {
        var axis = Axis(Attribute(node, "axis", 0), x.Length);
        return [.. x[..axis], .. indices, .. x[(axis + 1)..]];
    }

    private static OnnxDimension[] Unsqueeze(OnnxDimension[] x, long[] axes)
    {
        var rank = x.Length + axes.Length;
        var ones = axes.Select(a => Axis(a, rank)).ToHashSet();
        if (ones.Count != axes.Length) throw new ShapeException($"[{string.Join(", ", axes)}] names an axis twice.");
        var rest = new Queue<OnnxDimension>(x);
        return [.. Enumerable.Range(0, rank).Select(i => ones.Contains(i) ? 1 : rest.Dequeue())];
    }

    private static OnnxDimension[] Squeeze(OnnxDimension[] x, long[] axes)
    {
        var gone = axes.Select(a => Axis(a, x.Length)).ToHashSet();
        foreach (var axis in gone) Require(x[axis], 1, "a squeezed axis is not 1");
        return [.. x.Where((_, i) => !gone.Contains(i))];
    }

    private static OnnxDimension[] Transpose(NodeProto node, OnnxDimension[] x)
    {
        var order = node.Attribute.FirstOrDefault(a => a.Name == "perm")?.Ints.ToArray() ?? [.. Enumerable.Range(0, x.Length).Select(i => (long)i).Reverse()];
        if (!order.Order().SequenceEqual(Enumerable.Range(0, x.Length).Select(i => (long)i))) throw new ShapeException($"[{string.Join(", ", order)}] is no order of {x.Length} axes.");
        return [.. order.Select(i => x[i])];
    }

    private static OnnxDimension[] Reshape(OnnxDimension[] x, long[] target)
    {
        var result = new OnnxDimension[target.Length];
        for (var i = 0; i < result.Length; i++)
        {
            if (target[i] == 0 && i >= x.Length) throw new ShapeException($"axis {i} is to be kept, and there is none.");
            result[i] = target[i] switch { 0 => x[i], -1 => default, > 0 and var size => size, var size => throw new ShapeException($"{size} is no size.") };
        }

        // Free axes cancel where both sides have the same; what is left must have equally many elements.
        var (before, after) = (x.ToList(), result.ToList());
        foreach (var axis in x) if (axis.Name is not null && after.Remove(axis)) before.Remove(axis);
        if (before.Concat(after).All(d => d.Size is not null) && before.Aggregate(1L, (n, d) => n * d.Size!.Value) != after.Aggregate(1L, (n, d) => n * d.Size!.Value))
            throw new ShapeException($"[{string.Join(", ", target)}] has another number of elements.");
        return result;
    }

    private OnnxDimension[] Quantizer(NodeProto node, OnnxDimension[] x)
    {
        if (node.Input.Count > 1 && Shape(node, 1) is [var channels])
            Require(channels, x[Axis(Attribute(node, "axis", 1), x.Length)], "there is not one scale per channel");
        return x;
    }

    private OnnxDimension[] Norm(NodeProto node, OnnxDimension[] x)
    {
        if (x.Length == 0) throw new ShapeException("a scalar has no axis to normalize.");
        for (var i = 1; i < node.Input.Count; i++)
            if (Shape(node, i) is [var width]) Require(width, x[^1], "gamma, beta and the normalized axis differ");
        return x;
    }

    private OnnxDimension[] ShapeOf(NodeProto node, OnnxDimension[] x)
    {
        var (start, end) = ((int)Attribute(node, "start", 0), (int)Math.Min(Attribute(node, "end", x.Length), x.Length));
        if (start < 0 || end < start) return [default];
        _shapeValues[node.Output[0]] = x[start..end];
        return [end - start];
    }

    // The first rows along one axis, as many as a value says; any other slice is unknown along that axis.
    private OnnxDimension[]? Slice(NodeProto node, OnnxDimension[] x)
    {
        if (Constant(node, 3) is not [var at]) return null;
        var axis = Axis(at, x.Length);
        var result = (OnnxDimension[])x.Clone();
        result[axis] = Constant(node, 1) is [0] && _shapeValues.TryGetValue(node.Input[2], out var ends) && ends is [var end] ? end : default;
        return result;
    }

    private void Split(NodeProto node, OnnxDimension[] x)
    {
        var axis = Axis(Attribute(node, "axis", 0), x.Length);
        if (Constant(node, 1) is not { } sizes) return;
        if (sizes.Length != node.Output.Count) throw new ShapeException($"{sizes.Length} sizes for {node.Output.Count} outputs.");
        Require(x[axis], sizes.Aggregate((a, b) => a + b), "the parts are not the whole");
        for (var i = 0; i < sizes.Length; i++) shapes[node.Output[i]] = [.. x[..axis], sizes[i], .. x[(axis + 1)..]];
    }

    private OnnxDimension[]? Shape(NodeProto node, int input) => input < node.Input.Count ? shapes.GetValueOrDefault(node.Input[input]) : null;

    private long[]? Constant(NodeProto node, int input) => input < node.Input.Count ? model.Values<long>(node.Input[input]) : null;
}
