using System.Buffers.Binary;
using System.Numerics;

namespace QatKit.InferenceEngine.Cpu.MachineCode;

/// <summary>Encodes the few x86-64 instructions of the 512-bit tiles.</summary>
/// <remarks>.NET 10 has no intrinsic for <c>vpdpbusd</c> on 512-bit registers. Encodings: Intel SDM, volume 2, chapter 2 (REX, EVEX,
/// compressed displacement) and the page of each instruction. Vector registers are numbers 0 to 31.</remarks>
internal sealed class CodeWriter
{
    private const int Vector128 = 0, Vector512 = 2; // EVEX.L'L

    private readonly List<byte> _code = [];

    /// <summary>Where the next instruction will begin.</summary>
    public int Position => _code.Count;

    /// <summary>What was written.</summary>
    public byte[] ToArray() => [.. _code];

    public void Move(Gpr to, Gpr from) => Rex(0x8B, (int)to, from);

    public void Load(Gpr to, Address from) => Rex(0x8B, (int)to, from);

    public void Store(Address to, Gpr from) => Rex(0x89, (int)from, to);

    public void LoadAddress(Gpr to, Address address) => Rex(0x8D, (int)to, address);

    public void Add(Gpr to, Gpr other) => Rex(0x03, (int)to, other);

    public void Add(Gpr to, Address other) => Rex(0x03, (int)to, other);

    public void Add(Gpr to, sbyte value)
    {
        Rex(0x83, 0, to);
        _code.Add((byte)value);
    }

    public void ShiftRight(Gpr to, byte bits)
    {
        Rex(0xC1, 5, to);
        _code.Add(bits);
    }

    public void Subtract(Gpr from, Gpr other) => Rex(0x2B, (int)from, other);

    /// <summary>Compares for <see cref="MoveIfLess"/>.</summary>
    public void Compare(Gpr left, Gpr right) => Rex(0x3B, (int)left, right);

    /// <summary><c>cmovl</c>: moves if the left operand of the comparison was less.</summary>
    public void MoveIfLess(Gpr to, Gpr from) => Rex([0x0F, 0x4C], (int)to, from);

    /// <summary>Sets the zero flag when it is zero.</summary>
    public void Test(Gpr register) => Rex(0x85, (int)register, register);

    /// <summary>Sets the zero flag when nothing is left.</summary>
    public void Decrement(Gpr to) => Rex(0xFF, 1, to);

    /// <inheritdoc cref="Decrement(Gpr)"/>
    public void Decrement(Address of) => Rex(0xFF, 1, of);

    public void JumpIfNotZero(int position)
    {
        _code.AddRange([0x0F, 0x85]);
        Int32(position - (Position + sizeof(int)));
    }

    public void Return() => _code.Add(0xC3);

    /// <summary><c>prefetcht0</c>: a hint that never faults.</summary>
    /// <param name="address">Without an index.</param>
    public void Prefetch(Address address) => Prefetch(0x18, address);

    /// <summary><c>prefetchw</c>: the same for a cache line that will be written.</summary>
    /// <param name="address">Without an index.</param>
    public void PrefetchForWriting(Address address) => Prefetch(0x0D, address);

    /// <summary><c>vzeroupper</c>: SSE code that follows is not slowed down.</summary>
    public void ClearUpperHalves() => _code.AddRange([0xC5, 0xF8, 0x77]);

    /// <summary><c>vmovdqu32</c></summary>
    public void LoadVector(int to, Address from) => Evex(Map.Of0F, 2, 0, 0x6F, Vector512, to, 0, from, 64);

    /// <inheritdoc cref="LoadVector"/>
    public void StoreVector(Address to, int from) => Evex(Map.Of0F, 2, 0, 0x7F, Vector512, from, 0, to, 64);

    /// <summary><c>vmovdqu32</c>, the low 128 bits.</summary>
    public void LoadLow(int to, Address from) => Evex(Map.Of0F, 2, 0, 0x6F, Vector128, to, 0, from, 16);

    /// <inheritdoc cref="LoadLow"/>
    public void StoreLow(Address to, int from) => Evex(Map.Of0F, 2, 0, 0x7F, Vector128, from, 0, to, 16);

    /// <summary><c>vpbroadcastd</c></summary>
    public void BroadcastInt32(int to, Address from) => Evex(Map.Of0F38, 1, 0, 0x58, Vector512, to, 0, from, 4);

    /// <summary><c>vpbroadcastq</c></summary>
    public void BroadcastInt64(int to, Address from) => Evex(Map.Of0F38, 1, 1, 0x59, Vector512, to, 0, from, 8);

    /// <summary><c>vpshufb</c></summary>
    public void ShuffleBytes(int to, int source, int indices) => Evex(Map.Of0F38, 1, 0, 0x00, Vector512, to, source, indices);

    /// <summary><c>vpdpbusd</c>: adds four u8 × s8 products to each int32.</summary>
    public void MultiplyAdd(int accumulator, int unsigned, int signed) => Evex(Map.Of0F38, 1, 0, 0x50, Vector512, accumulator, unsigned, signed);

    /// <summary><c>vpaddd</c></summary>
    public void AddInt32(int to, int left, int right) => Evex(Map.Of0F, 1, 0, 0xFE, Vector512, to, left, right);

    /// <summary><c>vpxord</c> with itself.</summary>
    public void Clear(int to) => Evex(Map.Of0F, 1, 0, 0xEF, Vector512, to, to, to);

    private enum Map
    {
        Of0F = 1,
        Of0F38 = 2,
    }

    private void Prefetch(byte operation, Address address)
    {
        _code.AddRange([(byte)(0x40 | Bit((int)address.Base, 3)), 0x0F, operation]);
        Memory(1, address, 1);
    }

    private static int Bit(int number, int bit) => number >> bit & 1;

    // 64-bit operand size. `reg` is a register or an extension of the operation.
    private void Rex(byte operation, int reg, Gpr rm) => Rex([operation], reg, rm);

    private void Rex(ReadOnlySpan<byte> operation, int reg, Gpr rm)
    {
        _code.Add((byte)(0x48 | Bit(reg, 3) << 2 | Bit((int)rm, 3)));
        _code.AddRange(operation);
        ModRm(3, reg, (int)rm);
    }

    private void Rex(byte operation, int reg, Address rm)
    {
        _code.AddRange([(byte)(0x48 | Bit(reg, 3) << 2 | Bit((int)(rm.Index ?? 0), 3) << 1 | Bit((int)rm.Base, 3)), operation]);
        Memory(reg, rm, 1);
    }

    private void Evex(Map map, int prefix, int wide, byte operation, int length, int reg, int source, int rm)
    {
        Evex(map, prefix, wide, operation, length, reg, source, Bit(rm, 4), Bit(rm, 3));
        ModRm(3, reg, rm);
    }

    // A displacement of one byte counts units of `unit` bytes, the size of the operand.
    private void Evex(Map map, int prefix, int wide, byte operation, int length, int reg, int source, Address rm, int unit)
    {
        Evex(map, prefix, wide, operation, length, reg, source, Bit((int)(rm.Index ?? 0), 3), Bit((int)rm.Base, 3));
        Memory(reg, rm, unit);
    }

    // The bits that extend register numbers are stored inverted.
    private void Evex(Map map, int prefix, int wide, byte operation, int length, int reg, int source, int x, int b) => _code.AddRange(
    [
        0x62,
        (byte)((1 ^ Bit(reg, 3)) << 7 | (1 ^ x) << 6 | (1 ^ b) << 5 | (1 ^ Bit(reg, 4)) << 4 | (int)map),
        (byte)(wide << 7 | (~source & 15) << 3 | 1 << 2 | prefix),
        (byte)(length << 5 | (1 ^ Bit(source, 4)) << 3),
        operation,
    ]);

    private void Memory(int reg, Address rm, int unit)
    {
        var (quotient, remainder) = Math.DivRem(rm.Displacement, unit);
        var small = remainder == 0 && quotient is >= sbyte.MinValue and <= sbyte.MaxValue;
        // Without a displacement the numbers of rbp and r13 mean something else.
        var mode = rm.Displacement == 0 && ((int)rm.Base & 7) != (int)Gpr.Rbp ? 0 : small ? 1 : 2;
        const int Sib = (int)Gpr.Rsp; // In place of a base: a second byte follows. In place of an index: none.
        if (rm.Index is null && ((int)rm.Base & 7) != Sib)
        {
            ModRm(mode, reg, (int)rm.Base);
        }
        else
        {
            ModRm(mode, reg, Sib);
            ModRm(BitOperations.Log2((uint)rm.Scale), (int)(rm.Index ?? Gpr.Rsp), (int)rm.Base);
        }

        if (mode == 1) _code.Add((byte)quotient);
        if (mode == 2) Int32(rm.Displacement);
    }

    private void ModRm(int mode, int reg, int rm) => _code.Add((byte)(mode << 6 | (reg & 7) << 3 | rm & 7));

    private void Int32(int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        _code.AddRange(bytes);
    }
}
