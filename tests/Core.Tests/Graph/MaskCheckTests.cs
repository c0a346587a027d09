using CsCheck;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;

namespace QatKit.Core.Tests.Graph;

/// <summary>A mask is checked eight weights at a time: one wrong bit or code anywhere must be found, and found where it is.</summary>
public sealed class MaskCheckTests
{
    private static readonly BertArchitecture Small = new(1, 32, 2, 48, 10, 8, 1, 2);

    // The int8 and the int16 form of a masked layer.
    private static readonly Gen<(QuantizedGraph Graph, QuantizedLinear Layer)> Layers = Gen.Bool.Select(int16 =>
    {
        var graph = SyntheticGraph.Create(Small, 3, sparse24: true, int16Layers: int16 ? new HashSet<string> { ModuleNames.Output(0) } : null);
        return (graph, graph.Layers[0].Output);
    });

    [Fact]
    public void A_masked_weight_that_is_not_zero_is_found_anywhere() =>
        Gen.Select(Layers, Gen.Int[0, 32 * 48 - 1], Gen.Int[-127, 127]).Sample((model, index, code) =>
        {
            var ((graph, layer), row, column) = (model, index / 48, index % 48);
            if (layer.Int8Weight is not null) layer.Int8Weight[index] = (sbyte)code;
            else layer.Int16Weight![index] = (short)(code * 256); // The low byte is 0.
            var expected = code == 0 || layer.Mask!.IsKept(row, column)
                ? null
                : $"QK3001 {layer.Name}: weight [{row}, {column}] is masked but its code is not 0. Apply the mask before freezing.";
            return Message(graph) == expected;
        });

    [Fact]
    public void A_flipped_mask_bit_is_found_anywhere() =>
        Gen.Select(Layers, Gen.Int[0, 32 * 48 - 1]).Sample((model, index) =>
        {
            var ((graph, layer), row, column) = (model, index / 48, index % 48);
            // With all weights 0 only the number of kept weights is wrong.
            Array.Clear((Array?)layer.Int8Weight ?? layer.Int16Weight!);
            layer.Mask!.Bits[index >> 3] ^= (byte)(1 << (index & 7));
            var (first, kept) = (column & ~3, layer.Mask.IsKept(row, column) ? 3 : 1);
            return Message(graph) == $"QK3001 {layer.Name}: group [{row}, {first}..{first + 3}] keeps {kept} weights; 2:4 keeps exactly 2.";
        });

    private static string? Message(QuantizedGraph graph)
    {
        try
        {
            QuantizedGraphValidator.Check(graph);
            return null;
        }
        catch (QatKitException e)
        {
            return e.Message;
        }
    }
}
