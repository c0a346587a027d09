using System.Runtime.InteropServices;
using QatKit.InferenceEngine.Cuda.Driver;

namespace QatKit.InferenceEngine.Tests.Cuda.Driver;

public sealed class KernelArgumentsTests
{
    [Fact]
    public void Parameters_lie_at_multiples_of_their_alignment()
    {
        var arguments = new KernelArguments().Add((byte)1).Add(0x01020304).Add((short)5).Add(0x1122334455667788L);
        Assert.Equal("01-00-00-00-04-03-02-01-05-00-00-00-00-00-00-00-88-77-66-55-44-33-22-11", BitConverter.ToString(arguments.Bytes.ToArray()));
    }

    [Fact]
    public void Large_structures_grow_the_buffer()
    {
        var arguments = new KernelArguments().Add(1).Add(new Large { First = 2 }, alignment: 8);
        Assert.Equal(8 + 512, arguments.Bytes.Length);
        Assert.Equal(2, arguments.Bytes[8]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(12)]
    public void Alignments_are_powers_of_two(int alignment) =>
        Assert.ThrowsAny<ArgumentException>(() => new KernelArguments().Add(1L, alignment));

    [StructLayout(LayoutKind.Sequential, Size = 512)]
    private struct Large
    {
        public long First;
    }
}
