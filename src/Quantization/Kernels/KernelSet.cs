using TorchSharp;

namespace QatKit.Quantization.Kernels;

/// <summary>Chooses the kernels for a tensor.</summary>
internal static class KernelSet
{
    private static readonly SimdKernels Simd = new();
    private static readonly TorchKernels Torch = new();

    internal static IKernelSet For(torch.Tensor tensor) => tensor.device_type == DeviceType.CPU ? Simd : Torch;
}
