using System.Globalization;
using System.Text.RegularExpressions;
using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>What a plan may choose: the kernel, its tile, the splits along K.</summary>
/// <param name="Splits">Blocks that share one output tile along K.</param>
internal abstract partial record GemmChoice(int Splits)
{
    /// <summary>Output features of a block.</summary>
    public abstract int TileFeatures { get; }

    /// <summary>Tokens of a block.</summary>
    public abstract int TileTokens { get; }

    /// <summary>Blocks that read their common tokens once.</summary>
    public virtual int Cluster => 1;

    /// <summary>What to compile.</summary>
    public abstract KernelDefinition Define(GemmProblem problem);

    /// <summary>Blocks of a launch.</summary>
    public abstract LaunchGrid Grid(GemmProblem problem);

    /// <summary>Reads <c>128x64/4x2/3/1</c> (features x tokens of a block, warps across features x tokens, stages, splits) or
    /// <c>wgmma/128x128/6/4/1</c> (features x tokens of a block, stages, blocks of a cluster, splits).</summary>
    /// <exception cref="QatKitException">QK6020: not of this form, or a tile that the kernel cannot have.</exception>
    public static GemmChoice Parse(string text)
    {
        int Part(Match match, int i) => int.Parse(match.Groups[i].ValueSpan, CultureInfo.InvariantCulture);
        if (WarpgroupForm().Match(text) is { Success: true } warpgroup)
        {
            var wide = new WarpgroupTile(Part(warpgroup, 1), CheckStages(text, Part(warpgroup, 3)), Part(warpgroup, 4));
            if (wide.Features is not (WarpgroupTile.WarpgroupFeatures or 2 * WarpgroupTile.WarpgroupFeatures) || Part(warpgroup, 2) != WarpgroupTile.Tokens)
                throw Invalid(text, "a warpgroup product has 128 or 256 features x 128 tokens.");
            if (wide.Cluster is not (1 or 2 or 4 or 8)) throw Invalid(text, $"{wide.Cluster} blocks of a cluster; there may be 1, 2, 4 or 8.");
            return new WarpgroupChoice(wide, CheckSplits(text, Part(warpgroup, 5)));
        }

        if (TileForm().Match(text) is not { Success: true } match)
            throw Invalid(text, "it is not of the form features x tokens / warps x warps / stages / splits, for example 128x64/4x2/3/1, or wgmma/128x128/6/4/1, or no-clusters, or no-wgmma.");
        var tile = new GemmTile(Part(match, 1), Part(match, 2), Part(match, 3), Part(match, 4), Part(match, 5));
        if (tile.WarpsAcrossFeatures < 1 || tile.WarpsAcrossTokens < 1 || tile.WarpsAcrossFeatures * tile.WarpsAcrossTokens > 32)
            throw Invalid(text, $"{tile.WarpsAcrossFeatures} x {tile.WarpsAcrossTokens} warps; a block has 1 to 32.");
        if (tile.Features < 1 || tile.Features % (32 * tile.WarpsAcrossFeatures) != 0)
            throw Invalid(text, $"{tile.Features} features are not a multiple of 32 x {tile.WarpsAcrossFeatures} warps.");
        if (tile.Tokens < 1 || tile.Tokens % (8 * tile.WarpsAcrossTokens) != 0)
            throw Invalid(text, $"{tile.Tokens} tokens are not a multiple of 8 x {tile.WarpsAcrossTokens} warps.");
        CheckStages(text, tile.Stages);
        return new TileChoice(tile, CheckSplits(text, Part(match, 6)));
    }

    private static int CheckStages(string text, int stages) => stages >= 2 ? stages : throw Invalid(text, $"{stages} stages; at least 2 are needed.");

    private static int CheckSplits(string text, int splits) => splits >= 1 ? splits : throw Invalid(text, $"{splits} splits; at least 1 is needed.");

    private static QatKitException Invalid(string text, string why) => new("QK6020", "plan", $"'{text}': {why} Correct the plan, or leave the choice to the engine.");

    [GeneratedRegex(@"^(\d{1,4})x(\d{1,4})/(\d{1,2})x(\d{1,2})/(\d{1,2})/(\d{1,3})$")]
    private static partial Regex TileForm();

    [GeneratedRegex(@"^wgmma/(\d{1,4})x(\d{1,4})/(\d{1,2})/(\d{1,2})/(\d{1,3})$")]
    private static partial Regex WarpgroupForm();
}

/// <summary>gemm_s8.cu: <c>mma</c>, from compute capability 8.0 on.</summary>
internal sealed record TileChoice(GemmTile Tile, int Splits) : GemmChoice(Splits)
{
    public override int TileFeatures => Tile.Features;

    public override int TileTokens => Tile.Tokens;

    public override KernelDefinition Define(GemmProblem problem) => Variant(problem).Define();

    public override LaunchGrid Grid(GemmProblem problem) => Variant(problem).Grid(problem.Tokens, problem.Features, Splits);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Tile.Features}x{Tile.Tokens}/{Tile.WarpsAcrossFeatures}x{Tile.WarpsAcrossTokens}/{Tile.Stages}/{Splits}");

    private GemmVariant Variant(GemmProblem problem) => new(Tile, problem.Sparse24, problem.Epilogue);
}

/// <summary>gemm_s8_sm90.cu: warpgroup products, compute capability 9.0 alone.</summary>
internal sealed record WarpgroupChoice(WarpgroupTile Tile, int Splits) : GemmChoice(Splits)
{
    public override int TileFeatures => Tile.Features;

    public override int TileTokens => WarpgroupTile.Tokens;

    public override int Cluster => Tile.Cluster;

    public override KernelDefinition Define(GemmProblem problem) => Variant(problem).Define();

    public override LaunchGrid Grid(GemmProblem problem) => Variant(problem).Grid(problem.Tokens, problem.Features, Splits);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"wgmma/{Tile.Features}x{WarpgroupTile.Tokens}/{Tile.Stages}/{Tile.Cluster}/{Splits}");

    private WarpgroupGemmVariant Variant(GemmProblem problem) => new(Tile, problem.Sparse24, problem.Epilogue);
}
