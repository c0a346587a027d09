namespace QatKit.GpuCheck.Timing;

/// <summary>Peak rates of a device, for <see cref="Roofline"/>.</summary>
/// <param name="DenseTops">int8 tensor cores, dense, 10^12 operations per second (data sheet).</param>
/// <param name="SparseTops">Likewise 2:4.</param>
/// <param name="TerabytesPerSecond">Device memory.</param>
internal sealed record DevicePeak(double DenseTops, double SparseTops, double TerabytesPerSecond)
{
    // Memory: what a large copy reaches on the H200 (4.8 on its data sheet); the others by their data sheets.
    private static readonly (string Name, DevicePeak Peak)[] Known =
    [
        ("H200", new(1979, 3958, 4.3)),
        ("H100 80GB HBM3", new(1979, 3958, 3.35)),
        ("A100-SXM4-80GB", new(624, 1248, 2.04)),
        ("A100-SXM4-40GB", new(624, 1248, 1.56)),
    ];

    /// <summary>The rates of a device, or null where they are not known: then there is no floor.</summary>
    public static DevicePeak? For(string deviceName) => Array.Find(Known, k => deviceName.Contains(k.Name, StringComparison.Ordinal)).Peak;
}
