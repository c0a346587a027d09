using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;

namespace QatKit.InferenceEngine.Tests.MachineCode;

/// <summary>Runs the engine's machine code on any processor with AVX2, instruction by instruction, as Iced decodes it.</summary>
/// <remarks>Memory is the process's own, so a read beyond a guarded buffer fails here as it would on the real processor. Every
/// instruction that changes flags does so here; one that reads a flag which nothing has defined is an error.</remarks>
internal sealed unsafe class EmulatedProcessor
{
    private readonly ulong[] _general = new ulong[16];
    private readonly Vector512<byte>[] _vectors = new Vector512<byte>[32];
    private bool? _zero, _sign, _overflow;

    /// <summary>General-purpose registers, rax to r15.</summary>
    public Span<ulong> General => _general;

    /// <summary>zmm0 to zmm31.</summary>
    public Span<Vector512<byte>> Vectors => _vectors;

    /// <summary>Memory that was written: first byte, and how many.</summary>
    public List<(nint Address, int Bytes)>? Stores { get; init; }

    /// <summary>Memory that was asked for, to be read and to be written.</summary>
    public List<nint>? Prefetches { get; init; }

    /// <inheritdoc cref="Prefetches"/>
    public List<nint>? PrefetchesForWriting { get; init; }

    /// <summary>Every instruction in the order of execution.</summary>
    public List<Instruction>? Executed { get; init; }

    /// <summary>Decodes code that ends with its only return.</summary>
    public static Instruction[] Decode(byte[] code)
    {
        var decoder = Decoder.Create(64, code);
        var instructions = new List<Instruction>();
        while (decoder.IP < (ulong)code.Length) instructions.Add(decoder.Decode());
        return [.. instructions];
    }

    /// <summary>Runs a program to its return.</summary>
    public void Run(Instruction[] program)
    {
        _zero = _sign = _overflow = null;
        for (var at = 0; ;)
        {
            ref readonly var i = ref program[at++];
            Executed?.Add(i);
            switch (i.Mnemonic)
            {
                case Mnemonic.Ret:
                    return;
                case Mnemonic.Mov when i.Op0Kind == OpKind.Memory:
                    Store(i, Of(i.Op1Register));
                    break;
                case Mnemonic.Mov:
                    Of(i.Op0Register) = i.Op1Kind == OpKind.Memory ? *(ulong*)AddressOf(i) : Of(i.Op1Register);
                    break;
                case Mnemonic.Lea:
                    Of(i.Op0Register) = (ulong)AddressOf(i);
                    break;
                case Mnemonic.Add:
                    Of(i.Op0Register) = Sum(Of(i.Op0Register), Operand(i));
                    break;
                case Mnemonic.Sub:
                    Of(i.Op0Register) = Difference(Of(i.Op0Register), Operand(i));
                    break;
                case Mnemonic.Dec when i.Op0Kind == OpKind.Memory:
                    Store(i, Difference(*(ulong*)AddressOf(i), 1));
                    break;
                case Mnemonic.Dec:
                    Of(i.Op0Register) = Difference(Of(i.Op0Register), 1);
                    break;
                case Mnemonic.Cmp:
                    Difference(Of(i.Op0Register), Operand(i));
                    break;
                case Mnemonic.Test:
                    Define(Of(i.Op0Register) & Operand(i), overflow: false);
                    break;
                case Mnemonic.Shr:
                    Of(i.Op0Register) >>= i.Immediate8;
                    // No shift leaves the flags alone; one by more than a bit leaves the overflow open.
                    if (i.Immediate8 != 0) Define(Of(i.Op0Register), overflow: null);
                    break;
                case Mnemonic.Cmovl:
                    if (Defined(_sign, i) != Defined(_overflow, i)) Of(i.Op0Register) = Of(i.Op1Register);
                    break;
                case Mnemonic.Jne:
                    if (!Defined(_zero, i)) at = IndexOf(program, i.NearBranchTarget);
                    break;
                case Mnemonic.Prefetcht0:
                    Prefetches?.Add(AddressOf(i));
                    break;
                case Mnemonic.Prefetchw:
                    PrefetchesForWriting?.Add(AddressOf(i));
                    break;
                case Mnemonic.Vzeroupper:
                    for (var v = 0; v < 16; v++) _vectors[v] = Low(_vectors[v].GetLower().GetLower());
                    break;
                case Mnemonic.Vmovdqu32 when i.Op0Kind == OpKind.Memory:
                    if (i.Op1Register.IsXMM()) Store(i, VectorOf(i.Op1Register).GetLower().GetLower());
                    else Store(i, VectorOf(i.Op1Register));
                    break;
                case Mnemonic.Vmovdqu32:
                    VectorOf(i.Op0Register) = i.Op0Register.IsXMM() ? Low(Vector128.Load((byte*)AddressOf(i))) : Vector512.Load((byte*)AddressOf(i));
                    break;
                case Mnemonic.Vpbroadcastd:
                    VectorOf(i.Op0Register) = Vector512.Create(*(int*)AddressOf(i)).AsByte();
                    break;
                case Mnemonic.Vpbroadcastq:
                    VectorOf(i.Op0Register) = Vector512.Create(*(long*)AddressOf(i)).AsByte();
                    break;
                case Mnemonic.Vpshufb:
                    VectorOf(i.Op0Register) = Halves(VectorOf(i.Op1Register), VectorOf(i.Op2Register), Avx2.Shuffle);
                    break;
                case Mnemonic.Vpaddd:
                    VectorOf(i.Op0Register) = (VectorOf(i.Op1Register).AsInt32() + VectorOf(i.Op2Register).AsInt32()).AsByte();
                    break;
                case Mnemonic.Vpxord:
                    VectorOf(i.Op0Register) = VectorOf(i.Op1Register) ^ VectorOf(i.Op2Register);
                    break;
                case Mnemonic.Vpdpbusd:
                    ref var sums = ref VectorOf(i.Op0Register);
                    Vector512<byte> x = VectorOf(i.Op1Register), w = VectorOf(i.Op2Register);
                    sums = Vector512.Create(
                        EmulatedDotU8S8.Accumulate(sums.GetLower().AsInt32(), x.GetLower(), w.GetLower()),
                        EmulatedDotU8S8.Accumulate(sums.GetUpper().AsInt32(), x.GetUpper(), w.GetUpper())).AsByte();
                    break;
                default:
                    throw new NotSupportedException($"{i}");
            }
        }
    }

    // No closure: a run allocates nothing, as the real one.
    private static int IndexOf(Instruction[] program, ulong address)
    {
        var at = 0;
        while (program[at].IP != address) at++;
        return at;
    }

    private ulong Sum(ulong left, ulong right)
    {
        var sum = left + right;
        Define(sum, overflow: (long)((left ^ sum) & (right ^ sum)) < 0); // Both have the sign that the sum has not.
        return sum;
    }

    private ulong Difference(ulong left, ulong right)
    {
        var difference = left - right;
        Define(difference, overflow: (long)((left ^ right) & (left ^ difference)) < 0);
        return difference;
    }

    private void Define(ulong result, bool? overflow) => (_zero, _sign, _overflow) = (result == 0, (long)result < 0, overflow);

    private static bool Defined(bool? flag, in Instruction reader) => flag ?? throw new InvalidOperationException($"'{reader}' reads a flag that nothing has defined.");

    // Loads clear what lies above.
    private static Vector512<byte> Low(Vector128<byte> low) => Vector512.Create(Vector256.Create(low, Vector128<byte>.Zero), Vector256<byte>.Zero);

    private static Vector512<byte> Halves(Vector512<byte> a, Vector512<byte> b, Func<Vector256<byte>, Vector256<byte>, Vector256<byte>> operation) =>
        Vector512.Create(operation(a.GetLower(), b.GetLower()), operation(a.GetUpper(), b.GetUpper()));

    private ref ulong Of(Register register) => ref _general[register - Register.RAX];

    // The second one of two.
    private ulong Operand(in Instruction i) => i.Op1Kind switch
    {
        OpKind.Register => Of(i.Op1Register),
        OpKind.Memory => *(ulong*)AddressOf(i),
        _ => i.GetImmediate(1),
    };

    private ref Vector512<byte> VectorOf(Register register) => ref _vectors[register.IsZMM() ? register - Register.ZMM0 : register - Register.XMM0];

    private nint AddressOf(in Instruction i)
    {
        var address = Of(i.MemoryBase) + i.MemoryDisplacement64;
        if (i.MemoryIndex != Register.None) address += Of(i.MemoryIndex) * (uint)i.MemoryIndexScale;
        return (nint)address;
    }

    private void Store<T>(in Instruction i, T value) where T : unmanaged
    {
        var address = AddressOf(i);
        Stores?.Add((address, sizeof(T)));
        *(T*)address = value;
    }
}
