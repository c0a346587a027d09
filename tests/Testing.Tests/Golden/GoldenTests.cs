using QatKit.Core.Numerics;
using QatKit.Testing.Golden;
using QatKit.Testing.Ladder;

namespace QatKit.Testing.Tests.Golden;

public sealed class GoldenTests
{
    private static readonly IReadOnlyList<GoldenVector> Vectors = GoldenFile.Load();

    [Fact]
    public void Reference_functions_give_the_frozen_bits()
    {
        Assert.Equal(1, NumericsContract.Version);
        var check = GoldenRung.CheckFunctions(Vectors);
        Assert.True(check.Passed, check.Note);
        Assert.True(check.Compared > 2000);
    }

    [Fact]
    public void Every_function_is_covered() =>
        Assert.Equal(GoldenFunctions.Names.Order(), Vectors.Select(v => v.Function).Distinct().Order());

    [Fact]
    public void A_changed_vector_is_found_by_its_line()
    {
        var changed = Vectors.ToList();
        var i = changed.FindIndex(v => v.Function == "probability");
        changed[i] = changed[i] with { Result = "254" };
        var check = GoldenRung.CheckFunctions(changed);
        Assert.False(check.Passed);
        Assert.Equal($"golden line {changed[i].Line}: probability 0 3089705f: expected 254, actual 255", check.Note);
    }

    [Fact]
    public void Every_implementation_on_this_machine_passes_P0()
    {
        var rung = GoldenRung.Run(EngineImplementations.AvailableTiers
            .Select(tier => (Func<QatKit.Core.Graph.QuantizedGraph, Implementation>)(g => EngineImplementations.Create(g, new() { CpuTier = tier })))
            .Prepend(Implementation.Reference));
        Assert.All(rung.Checks, c => Assert.True(c.Passed, $"{c.Name}: {c.Divergence} {c.Note}"));
        Assert.Equal(2 + EngineImplementations.AvailableTiers.Count, rung.Checks.Count);
    }

    [Fact]
    public void Probe_covers_most_quantize_gelu_and_tanh_vectors_and_catches_a_wrong_code()
    {
        var probe = GoldenProbe.Create(Vectors);
        Assert.True(probe.Count > 900, $"{probe.Count} vectors");

        // An implementation of another model gives other codes.
        var other = Vectors.Select(v => v.Function == "gelu8" ? v with { Arguments = [v.Arguments[0], GoldenFunctions.Show(2.5f)] } : v).ToList();
        using var wrong = Implementation.Reference(GoldenProbe.Create(other).Graph);
        var check = probe.Check(wrong);
        Assert.False(check.Passed);
        Assert.StartsWith("first divergence in bert.encoder.layer.0.intermediate.dense at [0, 0]: expected 0, actual 127, before rounding 0", check.Divergence!.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("golden line ", check.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_text_is_refused() =>
        Assert.Equal("Golden line 2 is not 'function arguments = result'.", Assert.Throws<FormatException>(() => GoldenFile.Parse("# x\nexp2 0\n")).Message);
}
