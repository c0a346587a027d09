using QatKit.InferenceEngine.Cpu.MachineCode;

namespace QatKit.InferenceEngine.Tests.MachineCode;

/// <summary>The emulator is no more lenient than the processor: flags are those that a real one sets.</summary>
public sealed unsafe class EmulatedProcessorTests
{
    // Two operands and two answers, in the registers of the calling convention of this system.
    private static readonly Gpr[] Arguments = OperatingSystem.IsWindows() ? [Gpr.Rcx, Gpr.Rdx, Gpr.R8, Gpr.R9] : [Gpr.Rdi, Gpr.Rsi, Gpr.Rdx, Gpr.Rcx];

    private const Gpr Result = Gpr.R10;

    private static readonly ulong[] Edges =
        [0, 1, 2, 3, long.MaxValue - 1, long.MaxValue, 1UL << 63, (1UL << 63) + 1, ulong.MaxValue - 7, ulong.MaxValue - 1, ulong.MaxValue];

    private static readonly Dictionary<string, Action<CodeWriter>> Operations = new()
    {
        ["add"] = code => code.Add(Result, Arguments[1]),
        ["add of a constant"] = code => code.Add(Result, -8),
        ["sub"] = code => code.Subtract(Result, Arguments[1]),
        ["cmp"] = code => code.Compare(Result, Arguments[1]),
        ["dec"] = code => code.Decrement(Result),
        ["test"] = code => code.Test(Result),
        ["shr"] = code => code.ShiftRight(Result, 3),
    };

    public static TheoryData<string> Names => [.. Operations.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_processor_gives_the_same_results_and_flags(string operation)
    {
        var program = new Action<CodeWriter>(code => code.Move(Result, Arguments[0])) + Operations[operation];
        Check(program + (code => code.Move(Gpr.Rax, Result)));
        Check(program + (code =>
        {
            const int JumpBytes = 6, MoveBytes = 3;
            code.Move(Gpr.Rax, Arguments[2]);
            code.JumpIfNotZero(code.Position + JumpBytes + MoveBytes);
            code.Move(Gpr.Rax, Arguments[3]);
        }));
        if (operation == "shr") return; // It leaves open what "less" would be.
        Check(program + (code =>
        {
            code.Move(Gpr.Rax, Arguments[2]);
            code.MoveIfLess(Gpr.Rax, Arguments[3]);
        }));
    }

    [Fact]
    public void An_addition_between_a_decrement_and_its_jump_takes_the_flag()
    {
        var code = new CodeWriter();
        code.Decrement(Gpr.Rdi);
        code.Add(Gpr.Rax, 8);
        code.JumpIfNotZero(0);
        code.Return();
        var processor = new EmulatedProcessor();
        processor.General[(int)Gpr.Rdi] = 1;
        processor.General[(int)Gpr.Rax] = unchecked((ulong)-24);
        processor.Run(EmulatedProcessor.Decode(code.ToArray()));
        // Not when the counter was 0, but when the sum is.
        Assert.Equal(0UL, processor.General[(int)Gpr.Rax]);
        Assert.Equal(unchecked((ulong)-2), processor.General[(int)Gpr.Rdi]);
    }

    [Fact]
    public void A_flag_that_nothing_has_defined_is_not_read()
    {
        var jump = new CodeWriter();
        jump.JumpIfNotZero(0);
        Assert.Throws<InvalidOperationException>(() => new EmulatedProcessor().Run(EmulatedProcessor.Decode(jump.ToArray())));
        var move = new CodeWriter();
        move.ShiftRight(Gpr.Rax, 3);
        move.MoveIfLess(Gpr.Rax, Gpr.Rcx);
        Assert.Throws<InvalidOperationException>(() => new EmulatedProcessor().Run(EmulatedProcessor.Decode(move.ToArray())));
    }

    // At all pairs of edges.
    private static void Check(Action<CodeWriter> program)
    {
        var writer = new CodeWriter();
        program(writer);
        writer.Return();
        var code = writer.ToArray();
        var native = (delegate* unmanaged<ulong, ulong, ulong, ulong, ulong>)ExecutableMemory.TryPlace(code, out var problem);
        Assert.SkipWhen(native is null, problem);
        var instructions = EmulatedProcessor.Decode(code);
        foreach (var left in Edges)
        {
            foreach (var right in Edges)
            {
                var processor = new EmulatedProcessor();
                ulong[] values = [left, right, 111, 222];
                for (var i = 0; i < values.Length; i++) processor.General[(int)Arguments[i]] = values[i];
                processor.Run(instructions);
                Assert.True(native(left, right, 111, 222) == processor.General[(int)Gpr.Rax], $"{left:x} and {right:x}: {string.Join("; ", instructions.Select(i => i.ToString()))}");
            }
        }
    }
}
