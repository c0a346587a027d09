namespace QatKit.InferenceEngine;

/// <summary>A CUDA device.</summary>
/// <param name="Ordinal">Number among the visible devices, as in <see cref="SessionOptions.CudaDevice"/>.</param>
/// <param name="Name">Product name.</param>
/// <param name="ComputeCapability">For example <c>9.0</c>.</param>
/// <param name="Multiprocessors">Streaming multiprocessors.</param>
/// <param name="MemoryBytes">Device memory.</param>
/// <param name="Target">What kernels are compiled for, for example <c>sm_90a</c>; null when the device is too old.</param>
public sealed record CudaDeviceDescription(int Ordinal, string Name, string ComputeCapability, int Multiprocessors, long MemoryBytes, string? Target);
