using System.Globalization;
using System.Text.RegularExpressions;
using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>What a plan may choose: the tile and the number of splits along K.</summary>
internal sealed partial record GemmChoice(GemmTile Tile, int Splits)
{
    /// <summary>Reads <c>128x64/4x2/3/1</c>: features x tokens of a block, warps across features x tokens, stages, splits.</summary>
    /// <exception cref="QatKitException">QK6020: not of this form, or a tile that the kernel cannot have.</exception>
    public static GemmChoice Parse(string text)
    {
        var match = Form().Match(text);
        if (!match.Success)
            throw Invalid(text, "it is not of the form features x tokens / warps x warps / stages / splits, for example 128x64/4x2/3/1.");
        int Part(int i) => int.Parse(match.Groups[i].ValueSpan, CultureInfo.InvariantCulture);
        var tile = new GemmTile(Part(1), Part(2), Part(3), Part(4), Part(5));
        var splits = Part(6);
        if (tile.WarpsAcrossFeatures < 1 || tile.WarpsAcrossTokens < 1 || tile.WarpsAcrossFeatures * tile.WarpsAcrossTokens > 32)
            throw Invalid(text, $"{tile.WarpsAcrossFeatures} x {tile.WarpsAcrossTokens} warps; a block has 1 to 32.");
        if (tile.Features < 1 || tile.Features % (32 * tile.WarpsAcrossFeatures) != 0)
            throw Invalid(text, $"{tile.Features} features are not a multiple of 32 x {tile.WarpsAcrossFeatures} warps.");
        if (tile.Tokens < 1 || tile.Tokens % (8 * tile.WarpsAcrossTokens) != 0)
            throw Invalid(text, $"{tile.Tokens} tokens are not a multiple of 8 x {tile.WarpsAcrossTokens} warps.");
        if (tile.Stages < 2) throw Invalid(text, $"{tile.Stages} stages; at least 2 are needed.");
        if (splits < 1) throw Invalid(text, $"{splits} splits; at least 1 is needed.");
        return new GemmChoice(tile, splits);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Tile.Features}x{Tile.Tokens}/{Tile.WarpsAcrossFeatures}x{Tile.WarpsAcrossTokens}/{Tile.Stages}/{Splits}");

    private static QatKitException Invalid(string text, string why) => new("QK6020", "plan", $"'{text}': {why} Correct the plan, or leave the choice to the engine.");

    [GeneratedRegex(@"^(\d{1,4})x(\d{1,4})/(\d{1,2})x(\d{1,2})/(\d{1,2})/(\d{1,3})$")]
    private static partial Regex Form();
}
