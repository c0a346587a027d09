using System.Runtime.Intrinsics;
using Iced.Intel;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;
using QatKit.InferenceEngine.Cpu.MachineCode;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.MachineCode;

/// <summary>The machine code of every 512-bit tile in both calling conventions: what it computes, writes and gives back.</summary>
public sealed unsafe class TileProgramTests
{
    private const int Columns = PackedLinear.BlockColumns, Depth = 40;

    private static readonly int[] Kept = [(int)Gpr.Rbx, (int)Gpr.Rsp, (int)Gpr.Rbp, (int)Gpr.R12, 13, 14, 15];
    private static readonly int[] KeptOnWindows = [.. Kept, (int)Gpr.Rsi, (int)Gpr.Rdi];

    public static TheoryData<bool, int, bool> Kernels => [.. from sparse in new[] { false, true } from blocks in new[] { 1, 2 } from windows in new[] { false, true } select (sparse, blocks, windows)];

    [Fact]
    public void A_dense_tile_is_these_instructions() => Assert.Equal(
        """
        mov r11,rdi
        mov [r11+98h],rbx
        mov [r11+0A0h],rbp
        mov [r11+0A8h],rsi
        mov [r11+0B0h],rdi
        mov [r11+0B8h],r12
        mov rsi,[r11+70h]
        mov r12,[r11+80h]
        mov rax,[r11+40h]
        mov rcx,[r11+48h]
        mov rdx,[r11+50h]
        vmovdqu32 zmm16,[rax]
        vmovdqu32 zmm17,[rax+rdx*4]
        lea rax,[rax+rcx*4]
        mov [r11+40h],rax
        mov rax,[r11]
        mov r9,[r11+8]
        mov r10,[r11+28h]
        mov rbx,[r11+30h]
        mov rbp,[r11+38h]
        shr rbp,3
        lea rdi,[rax+r9]
        mov [r11],rdi
        vpxord zmm18,zmm18,zmm18
        vpxord zmm19,zmm19,zmm19
        mov rdi,[r11+10h]
        shr rdi,3
        cmp rbp,rdi
        cmovl rdi,rbp
        sub rbp,rdi
        prefetcht0 [rsi]
        add rsi,[r11+78h]
        prefetchw [r12]
        add r12,[r11+88h]
        vmovdqu32 zmm20,[r10]
        vmovdqu32 zmm21,[r10+rbx]
        vpbroadcastd zmm22,[rax]
        vpdpbusd zmm16,zmm22,zmm20
        vpdpbusd zmm17,zmm22,zmm21
        vmovdqu32 zmm20,[r10+40h]
        vmovdqu32 zmm21,[r10+rbx+40h]
        vpbroadcastd zmm22,[rax+4]
        vpdpbusd zmm18,zmm22,zmm20
        vpdpbusd zmm19,zmm22,zmm21
        add rax,8
        lea r10,[r10+80h]
        dec rdi
        jne short
        add rax,[r11+20h]
        mov rdi,[r11+18h]
        shr rdi,3
        test rbp,rbp
        jne short
        vpaddd zmm16,zmm16,zmm18
        vpaddd zmm17,zmm17,zmm19
        mov rax,[r11+58h]
        mov rcx,[r11+60h]
        mov rdx,[r11+68h]
        vmovdqu32 [rax],zmm16
        vmovdqu32 [rax+rdx*4],zmm17
        lea rax,[rax+rcx*4]
        mov [r11+58h],rax
        dec qword [r11+90h]
        jne short
        mov [r11+70h],rsi
        mov [r11+80h],r12
        mov rbx,[r11+98h]
        mov rbp,[r11+0A0h]
        mov rsi,[r11+0A8h]
        mov rdi,[r11+0B0h]
        mov r12,[r11+0B8h]
        vzeroupper
        ret

        """, Text(TileProgram.Write(new TileKernel(IsSparse: false, Blocks: 2, Rows: 1, FetchesMore: false), windows: false)));

    [Fact]
    public void A_sparse_tile_for_windows_is_these_instructions() => Assert.Equal(
        """
        mov r11,rcx
        mov [r11+98h],rbx
        mov [r11+0A0h],rbp
        mov [r11+0A8h],rsi
        mov [r11+0B0h],rdi
        mov [r11+0B8h],r12
        mov rsi,[r11+70h]
        mov r12,[r11+80h]
        mov rax,[r11+40h]
        mov rcx,[r11+48h]
        vmovdqu32 zmm16,[rax]
        lea rax,[rax+rcx*4]
        vmovdqu32 zmm17,[rax]
        lea rax,[rax+rcx*4]
        mov [r11+40h],rax
        mov rax,[r11]
        mov r9,[r11+8]
        mov r10,[r11+28h]
        mov rbx,[r11+30h]
        mov rbp,[r11+38h]
        shr rbp,3
        lea rdi,[rax+r9*2]
        mov [r11],rdi
        mov rdi,[r11+10h]
        shr rdi,3
        cmp rbp,rdi
        cmovl rdi,rbp
        sub rbp,rdi
        prefetcht0 [rsi]
        add rsi,[r11+78h]
        prefetchw [r12]
        add r12,[r11+88h]
        vmovdqu32 zmm18,[r10]
        vmovdqu32 zmm19,[r10+40h]
        vpbroadcastq zmm20,[rax]
        vpshufb zmm21,zmm20,zmm19
        vpdpbusd zmm16,zmm21,zmm18
        vpbroadcastq zmm20,[rax+r9]
        vpshufb zmm21,zmm20,zmm19
        vpdpbusd zmm17,zmm21,zmm18
        add rax,8
        lea r10,[r10+80h]
        dec rdi
        jne short
        add rax,[r11+20h]
        mov rdi,[r11+18h]
        shr rdi,3
        test rbp,rbp
        jne short
        mov rax,[r11+58h]
        mov rcx,[r11+60h]
        vmovdqu32 [rax],zmm16
        lea rax,[rax+rcx*4]
        vmovdqu32 [rax],zmm17
        lea rax,[rax+rcx*4]
        mov [r11+58h],rax
        dec qword [r11+90h]
        jne short
        mov [r11+70h],rsi
        mov [r11+80h],r12
        mov rbx,[r11+98h]
        mov rbp,[r11+0A0h]
        mov rsi,[r11+0A8h]
        mov rdi,[r11+0B0h]
        mov r12,[r11+0B8h]
        vzeroupper
        ret

        """, Text(TileProgram.Write(new TileKernel(IsSparse: true, Blocks: 1, Rows: 2, FetchesMore: false), windows: true)));

    [Fact]
    public void Every_kernel_stands_at_its_index() => Assert.Equal(Enumerable.Range(0, 96), TileKernel.All.Select(k => k.Index));

    [Fact]
    public void Operands_lie_where_the_code_reads_them()
    {
        TileOperands operands;
        var start = (byte*)&operands;
        Assert.Equal(Enumerable.Range(0, 20).Select(i => 8L * i),
            [(byte*)&operands.A - start, (byte*)&operands.RowBytes - start, (byte*)&operands.FirstPanelBytes - start, (byte*)&operands.PanelBytes - start,
            (byte*)&operands.NextPanel - start, (byte*)&operands.Columns - start, (byte*)&operands.NextColumns - start,
            (byte*)&operands.Depth - start, (byte*)&operands.Start - start, (byte*)&operands.StartStride - start, (byte*)&operands.NextStart - start,
            (byte*)&operands.C - start, (byte*)&operands.Stride - start, (byte*)&operands.NextC - start,
            (byte*)&operands.Fetch - start, (byte*)&operands.FetchBytes - start, (byte*)&operands.Claim - start, (byte*)&operands.ClaimBytes - start, (byte*)&operands.Tiles - start,
            (byte*)operands.Saved - start]);
        Assert.Equal(152 + 5 * 8 + 10 * 16, sizeof(TileOperands));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_tile_computes_its_product_and_keeps_the_callers_registers(bool sparse, int blocks, bool windows)
    {
        Tiers.Require(CpuTier.Avx2, "The emulator itself");
        var random = new Random(7);
        for (var rows = 1; rows <= TileKernel.MaxRows; rows++)
        {
            // In one panel; in whole ones; beginning and ending within one; the last no longer than what is left.
            foreach (var (first, panel) in new[] { (nint.MaxValue, nint.MaxValue), (8, 8), (8, 16), (16, 24), (24, 64), (40, 8) })
                foreach (var from in Enum.GetValues<From>()) Check(new TileKernel(sparse, blocks, rows, FetchesMore: random.Next(2) == 0), tiles: 1 + random.Next(3), first, panel, from, windows, random);
        }
    }

    // Where sums start.
    private enum From
    {
        // The first stretch of K: every row alike, from the header of its block.
        Headers,

        // Every row and block from values of its own.
        Values,

        // A later stretch of K: from what is in the result already.
        Result,
    }

    private static void Check(TileKernel kernel, int tiles, nint firstPanel, nint panel, From from, bool windows, Random random)
    {
        const int RowBytes = Depth + 40, Gap = 3, Stride = Columns + 5, NextPanel = 37 * RowBytes;
        var columnBytes = Depth * 16;
        var rows = tiles * kernel.Rows;
        var panels = 0;
        for (nint left = Depth, bytes = firstPanel; left > 0; left -= bytes, bytes = panel) panels++;
        using var a = Random(random, (panels - 1) * NextPanel + rows * RowBytes);
        using var columns = Random(random, kernel.Blocks * (columnBytes + 64));
        if (kernel.IsSparse) Indices(columns.Pointer, kernel.Blocks, columnBytes + 64, random);
        int startStride = from == From.Headers ? 0 : Columns, nextStart = (from == From.Headers ? 1 : rows) * Columns + Gap;
        using var start = Random(random, ((kernel.Blocks - 1) * nextStart + (rows - 1) * startStride + Columns) * sizeof(int));
        using var c = Random(random, ((rows - 1) * Stride + (kernel.Blocks - 1) * rows * Stride + Columns) * sizeof(int));
        TileOperands operands = new()
        {
            A = a.Pointer,
            RowBytes = RowBytes,
            FirstPanelBytes = firstPanel,
            PanelBytes = panel,
            NextPanel = NextPanel,
            Columns = columns.Pointer,
            NextColumns = columnBytes + 64,
            Depth = Depth,
            Start = from == From.Result ? (int*)c.Pointer : (int*)start.Pointer,
            StartStride = from == From.Result ? Stride : startStride,
            NextStart = from == From.Result ? rows * Stride : nextStart,
            C = (int*)c.Pointer,
            Stride = Stride,
            NextC = rows * Stride,
            Fetch = a.Pointer + 3,
            FetchBytes = random.Next(64),
            Claim = c.Pointer + 5,
            ClaimBytes = random.Next(64),
            Tiles = tiles,
        };
        var before = operands;
        var processor = new EmulatedProcessor { Stores = [], Prefetches = [], PrefetchesForWriting = [] };
        foreach (ref var register in processor.General) register = (ulong)random.NextInt64();
        foreach (ref var vector in processor.Vectors) vector = Vector512.Create(random.NextInt64(), 1, 2, 3, 4, 5, 6, 7).AsByte();
        processor.General[(int)(windows ? Gpr.Rcx : Gpr.Rdi)] = (ulong)&operands;
        ulong[] general = processor.General.ToArray();
        var vectors = processor.Vectors.ToArray();
        var expected = c.ToArray<int>();
        Expect(kernel, rows, &operands, expected);

        processor.Run(EmulatedProcessor.Decode(TileProgram.Write(kernel, windows)));

        TensorAssert.BitEqual(expected, c.ToArray<int>(), 0, $"{kernel}, {tiles} tiles, panels of {firstPanel} and {panel} bytes, from {from}, Windows {windows}");
        foreach (var register in windows ? KeptOnWindows : Kept) Assert.Equal(general[register], processor.General[register]);
        for (var v = 6; windows && v <= 15; v++) Assert.Equal(vectors[v].GetLower().GetLower(), processor.Vectors[v].GetLower().GetLower());
        foreach (var store in processor.Stores)
            Assert.True(Inside(store, (nint)c.Pointer, expected.Length * sizeof(int)) || Inside(store, (nint)(&operands), sizeof(TileOperands)), $"{kernel} stores elsewhere.");
        // One part of what is to come with each step: [Fetch, Fetch + FetchBytes · FetchSteps · tiles), and a few lines more.
        Assert.Equal(Parts(before.Fetch, before.FetchBytes, tiles * before.FetchSteps, kernel.FetchLines), processor.Prefetches);
        Assert.Equal(Parts(before.Claim, before.ClaimBytes, tiles * before.FetchSteps, lines: 1), processor.PrefetchesForWriting);
        // What is machine code goes on as what is not.
        while (before.Tiles > 0) before.NextTile(kernel.Rows);
        Assert.Equal(Fields(before), Fields(operands));
    }

    // All but the caller's registers.
    private static nint[] Fields(TileOperands operands) => new Span<nint>(&operands, (int)((byte*)operands.Saved - (byte*)&operands) / sizeof(nint)).ToArray();

    private static IEnumerable<nint> Parts(byte* start, nint bytes, nint count, int lines)
    {
        var address = (nint)start;
        return from i in Enumerable.Range(0, (int)count) from line in Enumerable.Range(0, lines) select address + i * bytes + line * TileOperands.CacheLine;
    }

    private static bool Inside((nint Address, int Bytes) store, nint start, int bytes) => store.Address >= start && store.Address + store.Bytes <= start + bytes;

    private static void Expect(TileKernel kernel, int rows, TileOperands* o, int[] c)
    {
        for (var block = 0; block < kernel.Blocks; block++)
        {
            for (var row = 0; row < rows; row++)
            {
                for (var n = 0; n < Columns; n++)
                {
                    var sum = o->Start[block * o->NextStart + row * o->StartStride + n];
                    var x = o->A + row * o->RowBytes;
                    var w = o->Columns + block * o->NextColumns;
                    // 16 columns × 4 codes for four k; 2:4: for eight k, and as many indices.
                    for (var k = 0; k < Depth; k += kernel.IsSparse ? 8 : 4)
                    {
                        for (var i = 0; i < 4; i++)
                        {
                            var at = w + k * 16 + 4 * n + i;
                            sum += x[InPanels(o, k + (kernel.IsSparse ? at[64] : i))] * *(sbyte*)at;
                        }
                    }

                    c[block * o->NextC + row * o->Stride + n] = sum;
                }
            }
        }
    }

    // Where a code of a row is.
    private static nint InPanels(TileOperands* o, nint k) =>
        k < o->FirstPanelBytes ? k : k + (1 + (k - o->FirstPanelBytes) / o->PanelBytes) * o->NextPanel;

    private static void Indices(byte* columns, int blocks, int blockBytes, Random random)
    {
        for (var block = 0; block < blocks; block++)
            for (var step = 0; step < Depth / 8; step++)
                for (var i = 0; i < 64; i++) columns[block * blockBytes + step * 128 + 64 + i] = (byte)random.Next(8);
    }

    private static BoundedMemory Random(Random random, int bytes)
    {
        var memory = new byte[bytes];
        random.NextBytes(memory);
        return BoundedMemory.Of<byte>(memory);
    }

    private static string Text(byte[] code)
    {
        var formatter = new NasmFormatter { Options = { FirstOperandCharIndex = 0, MemorySizeOptions = MemorySizeOptions.Minimal } };
        var output = new StringOutput();
        var lines = EmulatedProcessor.Decode(code).Select(i =>
        {
            if (i.Mnemonic == Mnemonic.Jne) return "jne short";
            formatter.Format(i, output);
            return output.ToStringAndReset();
        });
        return string.Join("\n", lines) + "\n";
    }
}
