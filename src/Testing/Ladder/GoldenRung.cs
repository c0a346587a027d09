using QatKit.Core.Graph;
using QatKit.Testing.Golden;
using QatKit.Testing.Reports;

namespace QatKit.Testing.Ladder;

/// <summary>P0: golden vectors against every implementation.</summary>
public static class GoldenRung
{
    /// <summary>Checks the reference's functions line by line and every implementation through <see cref="GoldenProbe"/>.</summary>
    /// <param name="implementations">Each makes an implementation of a given model.</param>
    public static RungReport Run(IEnumerable<Func<QuantizedGraph, Implementation>> implementations)
    {
        ArgumentNullException.ThrowIfNull(implementations);
        var vectors = GoldenFile.Load();
        var checks = new List<CheckReport> { CheckFunctions(vectors) };
        var probe = GoldenProbe.Create(vectors);
        foreach (var create in implementations)
        {
            using var implementation = create(probe.Graph);
            checks.Add(probe.Check(implementation));
        }

        return new RungReport("P0", "golden vectors : every implementation", checks);
    }

    /// <summary>Checks the reference's functions.</summary>
    public static CheckReport CheckFunctions(IReadOnlyList<GoldenVector> vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        foreach (var v in vectors)
        {
            var actual = GoldenFunctions.Evaluate(v.Function, v.Arguments);
            if (actual == v.Result) continue;
            return new CheckReport("golden functions : reference", false, vectors.Count, null,
                $"golden line {v.Line}: {v.Function} {string.Join(' ', v.Arguments)}: expected {v.Result}, actual {actual}");
        }

        return new CheckReport("golden functions : reference", true, vectors.Count);
    }
}
