using System.Globalization;

namespace QatKit.InferenceEngine.Cuda.Driver;

/// <summary>What the plans need to know of a device.</summary>
/// <param name="Ordinal">Number among the visible devices.</param>
/// <param name="Name">Product name.</param>
/// <param name="Major">Compute capability, major.</param>
/// <param name="Minor">Compute capability, minor.</param>
/// <param name="Multiprocessors">Streaming multiprocessors.</param>
/// <param name="SharedBytesPerBlock">Most shared memory of one block, with the opt-in.</param>
/// <param name="SharedBytesPerMultiprocessor">Shared memory of a multiprocessor.</param>
/// <param name="L2Bytes">L2 cache.</param>
/// <param name="MemoryBytes">Device memory.</param>
/// <param name="ClockKilohertz">Peak clock.</param>
internal sealed record CudaDevice(
    int Ordinal, string Name, int Major, int Minor, int Multiprocessors, int SharedBytesPerBlock,
    int SharedBytesPerMultiprocessor, int L2Bytes, long MemoryBytes, int ClockKilohertz)
{
    /// <summary>10 · major + minor, as in sm_80.</summary>
    public int Capability => Major * 10 + Minor;

    /// <summary>True where clusters, TMA and wgmma exist (compute capability 9.0).</summary>
    public bool IsHopper => Capability == 90;

    /// <summary>One line for people.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Name} (device {Ordinal}, compute capability {Major}.{Minor}, {Multiprocessors} multiprocessors, {MemoryBytes / (1 << 20)} MiB)");
}
