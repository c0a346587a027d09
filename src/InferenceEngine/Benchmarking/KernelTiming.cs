namespace QatKit.InferenceEngine.Benchmarking;

/// <summary>One launch of a pass, timed by itself: launched between two events, outside any graph.</summary>
/// <param name="Kernel">Entry name, for example <c>gemm_s8</c>.</param>
/// <param name="Plan">What the plan chose: <c>64x64/2x2/4/8</c> for a product (see <see cref="SessionOptions.CudaPlan"/>), groups of queries x warps of a group x keys
/// for attention, empty where there is nothing to choose.</param>
/// <param name="Shape">Layer and shapes.</param>
/// <param name="Blocks">Blocks of the launch.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="SharedBytes">Dynamic shared memory of a block.</param>
/// <param name="Registers">Registers of a thread.</param>
/// <param name="Microseconds">Median time. It has the gaps that events put around a kernel, and none of the overlap of a graph:
/// the sum over a pass is more than the pass takes.</param>
/// <param name="TeraOperationsPerSecond">Dense-equivalent operations / time of products and attention, at the sizes that were launched (a batch
/// runs in the next larger bucket); 0 elsewhere.</param>
public sealed record KernelTiming(
    string Kernel, string Plan, string Shape, long Blocks, int Threads, int SharedBytes, int Registers, double Microseconds, double TeraOperationsPerSecond);
