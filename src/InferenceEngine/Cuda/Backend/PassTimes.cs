using QatKit.InferenceEngine.Cuda.Driver;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>What a batch took on the device.</summary>
/// <param name="Device">The device.</param>
/// <param name="DriverVersion">CUDA version of the driver, 1000 · major + 10 · minor.</param>
/// <param name="Passes">Passes of the batch.</param>
/// <param name="Plan">Plan of the first pass.</param>
/// <param name="Replays">Milliseconds of each replay, summed over the passes.</param>
/// <param name="Launches">Milliseconds of each launch of the first pass; empty when it was not asked for.</param>
internal sealed record PassTimes(CudaDevice Device, int DriverVersion, int Passes, ForwardPlan Plan, double[] Replays, double[] Launches);
