using QatKit.Core.Diagnostics;
using QatKit.Core.Numerics;

namespace QatKit.Core.Graph;

/// <summary>Checks that a graph obeys the numerics contract; calibration, export and load all call it.</summary>
public static class QuantizedGraphValidator
{
    /// <summary>Throws when the graph breaks the contract.</summary>
    /// <exception cref="QatKitException">Every problem: QK2001 scale, QK2002 shape or limit, QK2003 value that is not finite or too large,
    /// QK2004 code out of range, QK2005 LayerNorm exponent, QK2006 shared input with two scales, QK3001 mask.</exception>
    public static void Check(QuantizedGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        CheckArchitecture(graph.Architecture); // Shapes below follow from it.
        Check(graph, Weights);
    }

    /// <summary>As <see cref="Check(QuantizedGraph)"/>, but the architecture was checked, and <paramref name="weights"/> reports what
    /// <see cref="Weights"/> finds: a reader asks that while it has a layer's weights at hand.</summary>
    internal static void Check(QuantizedGraph graph, Action<QuantizedLinear, DiagnosticBag> weights)
    {
        var problems = new DiagnosticBag();
        var a = graph.Architecture;
        if (graph.Layers.Count != a.Layers)
            problems.Add("QK2002", "bert.encoder", $"{graph.Layers.Count} layers, the architecture says {a.Layers}.");
        Table(graph.WordEmbeddings, a.VocabSize, a.Hidden, problems);
        Table(graph.PositionEmbeddings, a.MaxPositions, a.Hidden, problems);
        Table(graph.TokenTypeEmbeddings, a.TypeVocabSize, a.Hidden, problems);
        foreach (var norm in graph.LayerNorms) Norm(norm, a, problems);
        foreach (var layer in graph.Layers)
        {
            foreach (var linear in new[] { layer.Query, layer.Key, layer.Value, layer.AttentionOutput })
                Linear(linear, a.Hidden, a.Hidden, weights, problems);
            Linear(layer.Intermediate, a.Intermediate, a.Hidden, weights, problems);
            Linear(layer.Output, a.Hidden, a.Intermediate, weights, problems);
            Scale(layer.Query.Name + ".output_scale", layer.QueryOutput.Scale, problems);
            Scale(layer.Key.Name + ".output_scale", layer.KeyOutput.Scale, problems);
            Scale(layer.Value.Name + ".output_scale", layer.ValueOutput.Scale, problems);
            SharedInput(layer, problems);
            Scores(layer, a.HeadDim, problems);
        }

        Linear(graph.Pooler, a.Hidden, a.Hidden, weights, problems);
        Linear(graph.Classifier, a.Classes, a.Hidden, weights, problems);
        if (graph.Classifier.Width != CodeWidth.Int16)
            problems.Add("QK2002", graph.Classifier.Name, "the classifier has int8 codes; task heads use int16.");
        problems.ThrowIfAny();
    }

    /// <exception cref="QatKitException">QK2002: every size that is not possible.</exception>
    internal static void CheckArchitecture(BertArchitecture a)
    {
        var problems = new DiagnosticBag();
        foreach (var problem in ArchitectureLimits.Problems(a)) problems.Add("QK2002", "config", problem);
        problems.ThrowIfAny();
    }

    private static void Table(EmbeddingTable t, int rows, int columns, DiagnosticBag problems)
    {
        if (t.Rows != rows || t.Columns != columns)
        {
            problems.Add("QK2002", t.Name, $"shape [{t.Rows}, {t.Columns}], expected [{rows}, {columns}].");
            return;
        }

        var length = (long)rows * columns;
        if (t.Values is not null)
        {
            Length(t.Name, "values", t.Values.LongLength, length, problems);
            Finite(t.Name, t.Values, problems);
            return;
        }

        Length(t.Name, "codes", t.Codes?.LongLength ?? 0, length, problems);
        Length(t.Name, "row scales", t.RowScale?.LongLength ?? 0, rows, problems);
        var scales = t.Name + ".weight_scale"; // Joined once: a large vocabulary has as many scales.
        foreach (var scale in t.RowScale ?? [])
        {
            if (!Scale(scales, scale, problems)) break;
            if (scale <= NumericsContract.MaxMagnitude / NumericsContract.Int8Max) continue;
            problems.Add("QK2001", scales, Text($"scale {scale:R} lets values exceed {NumericsContract.MaxMagnitude:R}. Calibrate again."));
            break;
        }

        Int8Codes(t.Name, t.Codes ?? [], problems);
    }

    private static void Norm(QuantizedLayerNorm n, BertArchitecture a, DiagnosticBag problems)
    {
        Length(n.Name, "gamma", n.Gamma.Length, a.Hidden, problems);
        Length(n.Name, "beta", n.Beta.Length, a.Hidden, problems);
        Finite(n.Name, n.Gamma, problems);
        Finite(n.Name, n.Beta, problems);
        if (Math.Abs((long)n.Exponent) > NumericsContract.MaxLayerNormExponent)
            problems.Add("QK2005", n.Name, $"exponent {n.Exponent} is outside ±{NumericsContract.MaxLayerNormExponent}. Calibrate again.");
        else if (IntegerLayerNorm.EpsilonTerm(a.LayerNormEpsilon, a.Hidden, n.Exponent) is var e && !float.IsNormal(e)) // A constant row divides by its root.
            problems.Add("QK2005", n.Name, Text($"exponent {n.Exponent} and layer_norm_eps {a.LayerNormEpsilon:R} give eps·H²·4^k = {e:R}, which is not a normal float32. Correct layer_norm_eps."));
    }

    private static void Linear(QuantizedLinear l, int outputs, int inputs, Action<QuantizedLinear, DiagnosticBag> weights, DiagnosticBag problems)
    {
        if (l.Out != outputs || l.In != inputs)
        {
            problems.Add("QK2002", l.Name, $"shape [{l.Out}, {l.In}], expected [{outputs}, {inputs}].");
            return;
        }

        if (l.Int8Weight is null == l.Int16Weight is null)
        {
            problems.Add("QK2002", l.Name, "exactly one of int8 and int16 weights must be present.");
            return;
        }

        Length(l.Name, "bias", l.Bias.Length, outputs, problems);
        Length(l.Name, "weight_scale", l.WeightScale.Length, outputs, problems);
        Finite(l.Name + ".bias", l.Bias, problems);
        if (Scale(l.Name + ".input_scale", l.Input.Scale, problems))
        {
            var max = l.Width == CodeWidth.Int8 ? NumericsContract.Int8Max : NumericsContract.Int16Max;
            var largestMultiplier = NumericsContract.MaxMagnitude / ((double)max * max * inputs);
            var scales = l.Name + ".weight_scale";
            foreach (var scale in l.WeightScale)
            {
                if (!Scale(scales, scale, problems)) break;
                var multiplier = IntegerGemm.Multiplier(l.Input.Scale, scale);
                if (float.IsNormal(multiplier) && multiplier <= largestMultiplier) continue;
                var problem = float.IsNormal(multiplier) ? Text($"lets outputs exceed {NumericsContract.MaxMagnitude:R}") : "is not a normal float32";
                problems.Add("QK2001", l.Name, Text($"input_scale {l.Input.Scale:R} times weight_scale {scale:R} {problem}. Calibrate again."));
                break;
            }
        }

        weights(l, problems);
    }

    /// <summary>Checks a layer's weights and mask; the layer has one kind of weights.</summary>
    internal static void Weights(QuantizedLinear l, DiagnosticBag problems)
    {
        long actual = l.Int8Weight?.LongLength ?? l.Int16Weight!.LongLength, expected = (long)l.Out * l.In;
        Length(l.Name, "weights", actual, expected, problems);
        if (actual != expected) return;
        if (l.Int8Weight is not null) Int8Codes(l.Name, l.Int8Weight, problems);
        else if (l.Int16Weight.AsSpan().Contains(short.MinValue)) problems.Add("QK2004", l.Name, "weight code -32768 is outside -32767..32767.");
        if (l.Mask is not null) Mask(l, problems);
    }

    private static void Mask(QuantizedLinear l, DiagnosticBag problems)
    {
        var mask = l.Mask!;
        if (mask.Pattern != "2:4" || mask.Out != l.Out || mask.In != l.In || l.In % 8 != 0 || mask.Bits.LongLength != (long)l.Out * l.In / 8)
        {
            problems.Add("QK3001", l.Name, $"mask {mask.Pattern} [{mask.Out}, {mask.In}] with {mask.Bits.LongLength} bytes does not fit weights [{l.Out}, {l.In}].");
            return;
        }

        if (MaskScan.Holds(mask, l.Int8Weight, l.Int16Weight)) return;
        // Something is wrong: find where.
        for (var n = 0; n < l.Out; n++)
        {
            for (var k = 0; k < l.In; k += 4)
            {
                var kept = 0;
                for (var j = k; j < k + 4; j++)
                {
                    if (mask.IsKept(n, j)) kept++;
                    else if ((l.Int8Weight is not null ? l.Int8Weight[(long)n * l.In + j] : l.Int16Weight![(long)n * l.In + j]) != 0)
                    {
                        problems.Add("QK3001", l.Name, $"weight [{n}, {j}] is masked but its code is not 0. Apply the mask before freezing.");
                        return;
                    }
                }

                if (kept == 2) continue;
                problems.Add("QK3001", l.Name, $"group [{n}, {k}..{k + 3}] keeps {kept} weights; 2:4 keeps exactly 2.");
                return;
            }
        }
    }

    private static void SharedInput(QuantizedEncoderLayer layer, DiagnosticBag problems)
    {
        // Query, key and value read one tensor: one quantizer per width.
        foreach (var other in new[] { layer.Key, layer.Value })
        {
            if (other.Width == layer.Query.Width && other.Input.Scale != layer.Query.Input.Scale)
                problems.Add("QK2006", other.Name + ".input_scale", Text($"{other.Input.Scale:R} differs from the query's {layer.Query.Input.Scale:R}; the three projections read one tensor."));
        }
    }

    private static void Scores(QuantizedEncoderLayer layer, int headDim, DiagnosticBag problems)
    {
        float query = layer.QueryOutput.Scale, key = layer.KeyOutput.Scale;
        if (!QuantizationParameters.IsValidScale(query) || !QuantizationParameters.IsValidScale(key)) return; // Reported above.
        if (!float.IsNormal(IntegerSoftmax.ScoreMultiplier(query, key, headDim)))
            problems.Add("QK2001", layer.Query.Name + ".output_scale", Text($"{query:R} times the key's {key:R} is not a normal float32. Calibrate again."));
    }

    /// <summary>Reports QK2001 for a scale that no quantizer may have; true when it is valid.</summary>
    internal static bool Scale(string name, float scale, DiagnosticBag problems)
    {
        if (QuantizationParameters.IsValidScale(scale)) return true;
        problems.Add("QK2001", name, Text($"scale {scale:R} is not a positive, finite, normal number. Calibrate again; a dead tensor needs data that reaches it."));
        return false;
    }

    private static void Length(string name, string what, long actual, long expected, DiagnosticBag problems)
    {
        if (actual != expected) problems.Add("QK2002", name, $"{what} has {actual} elements, expected {expected}.");
    }

    private static void Finite(string name, ReadOnlySpan<float> values, DiagnosticBag problems)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (MathF.Abs(values[i]) <= NumericsContract.MaxMagnitude) continue; // False for NaN.
            var limit = float.IsFinite(values[i]) ? Text($"within ±{NumericsContract.MaxMagnitude:R}") : "finite";
            problems.Add("QK2003", name, Text($"element {i} is {values[i]:R}; values must be {limit}."));
            return;
        }
    }

    private static void Int8Codes(string name, ReadOnlySpan<sbyte> codes, DiagnosticBag problems)
    {
        if (codes.Contains(sbyte.MinValue)) problems.Add("QK2004", name, "weight code -128 is outside -127..127.");
    }

    // Numbers look the same in every country.
    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
