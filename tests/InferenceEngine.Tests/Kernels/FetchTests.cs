using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>While some blocks of a product are multiplied, all that is multiplied next is asked for: a cache line forgotten is waited for.</summary>
public sealed unsafe class FetchTests
{
    public static TheoryData<int, int, int, bool> Products =>
    [
        // One tile, few, and many, in even and odd numbers; a single stretch of K, and several; pairs of blocks, and one block left over.
        .. from rows in new[] { 2, 7, 12, 13, 24, 25, 36, 37, 48, 64, 67, 128, 131, 192 }
           from k in new[] { 64, 768, 3072, 3080, 6152 }
           from blocks in new[] { 7, 16 }
           from sparse in new[] { false, true }
           where rows > TileKernel.MaxRows || k <= TileKernel.MaxDepth // A single tile fetches a stretch of one block only.
           select (rows, k, blocks, sparse),
    ];

    [Theory]
    [MemberData(nameof(Products))]
    public void Every_line_of_weights_has_been_fetched_before_it_is_multiplied(int rows, int k, int blocks, bool sparse)
    {
        KernelSets.Require(KernelSet.Avx2);
        var kernels = new Avx512VnniKernels<NotingTileCode>();
        var packed = kernels.Pack(LinearCase.Layer(blocks * PackedLinear.BlockColumns, k, CodeWidth.Int8, sparse, (_, _) => 1), sparse);
        var layout = PanelLayout.Panels(rows);
        var x = new AlignedBuffer(PanelLayout.Size(rows, k));
        var y = new AlignedBuffer(PanelLayout.Size(rows, blocks * PackedLinear.BlockColumns) * sizeof(float));
        NotingTileCode.Begin();
        kernels.Linear(packed, kernels.CodesOf(x.Pointer, CodeWidth.Int8, packed.Input, layout), LinearOutput.Float((float*)y.Pointer, layout), new WorkRange(0, rows, 0, blocks), new WorkerScratch());
        Assert.Equal([], NotingTileCode.NotFetched.Where(line => line >= (nint)packed.Block(TileKernel.MaxBlocks)));
        // The first ones are multiplied before anything could be fetched.
        Assert.Contains((nint)packed.Block(0), NotingTileCode.NotFetched);
        GC.KeepAlive(x);
        GC.KeepAlive(y);
    }

    // Multiplies nothing, and notes what it is asked to.
    private readonly struct NotingTileCode : ITileCode
    {
        [ThreadStatic]
        private static HashSet<nint>? _fetched, _notFetched;

        public static IEnumerable<nint> NotFetched => _notFetched!.Order();

        public static void Begin() => (_fetched, _notFetched) = ([], []);

        public static void Run(TileKernel kernel, TileOperands* operands)
        {
            for (var block = 0; block < kernel.Blocks; block++)
            {
                var columns = operands->Columns + block * operands->NextColumns;
                Need(columns, operands->Depth * 16);
                if (operands->StartStride == 0) Need((byte*)(operands->Start + block * operands->NextStart), TileSize.HeaderBytes);
            }

            for (; operands->Tiles > 0; operands->NextTile(kernel.Rows))
                for (nint step = 0; step < operands->FetchSteps; step++)
                    for (var line = 0; line < kernel.FetchLines; line++) _fetched!.Add(Line(operands->Fetch + step * operands->FetchBytes + line * TileOperands.CacheLine));
        }

        private static void Need(byte* start, nint bytes)
        {
            for (nint i = 0; i < bytes; i += TileOperands.CacheLine)
                if (!_fetched!.Contains(Line(start + i))) _notFetched!.Add(Line(start + i));
        }

        private static nint Line(byte* address) => (nint)address & ~(TileOperands.CacheLine - 1);
    }
}
