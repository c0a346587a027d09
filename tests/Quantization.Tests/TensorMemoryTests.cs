using QatKit.Quantization.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace QatKit.Quantization.Tests;

public sealed class TensorMemoryTests
{
    [Fact]
    public void Tensors_that_a_kernel_cannot_read_are_refused_with_type_layout_shape_and_device()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(Message("contiguous Float32 tensor [2, 3] on meta"), Refused(zeros([2, 3], device: new Device(DeviceType.META))));
        Assert.Equal(Message("contiguous Int64 tensor [4] on cpu"), Refused(zeros(4, dtype: ScalarType.Int64)));
        Assert.Equal(Message("strided Float32 tensor [3, 2] on cpu"), Refused(zeros(2, 3).t()));

        static string Message(string what) =>
            $"The kernel needs a contiguous Float32 tensor on the CPU, not a {what}. Move both the model and its input to one device. (Parameter 'tensor')";
    }

    private static string Refused(Tensor tensor) => Assert.Throws<ArgumentException>(() => TensorMemory.Span(tensor).Length).Message;
}
