namespace QatKit.InferenceEngine;

/// <summary>What a machine has for the CUDA backend, found without loading a model. Whatever is missing has its reason as an error message
/// (QK6xxx) that ends with a remedy.</summary>
/// <param name="Driver">CUDA version that the driver supports, for example <c>12.4</c>; null without a usable driver.</param>
/// <param name="DriverProblem">Why there is none; null when there is one.</param>
/// <param name="Devices">Every visible device.</param>
/// <param name="Compiler">Version of the run-time compiler, for example <c>nvrtc-12.4</c>; null where there is none.</param>
/// <param name="CompilerLibrary">The library that was found: a path, or a name that the system resolved.</param>
/// <param name="CompilerProblem">Why there is none; null when there is one.</param>
/// <param name="KernelCache">The user's folder of compiled kernels; null where the user has no home.</param>
/// <param name="CachedKernels">Kernels in the folder.</param>
/// <param name="CachedBytes">Their size.</param>
public sealed record CudaEnvironment(
    string? Driver, string? DriverProblem, IReadOnlyList<CudaDeviceDescription> Devices,
    string? Compiler, string? CompilerLibrary, string? CompilerProblem,
    string? KernelCache, int CachedKernels, long CachedBytes);
