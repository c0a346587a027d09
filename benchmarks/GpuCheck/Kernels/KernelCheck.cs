using System.Collections.Concurrent;
using System.Diagnostics;
using QatKit.Core.Diagnostics;
using QatKit.GpuCheck.Plans;
using QatKit.GpuCheck.Soak;
using QatKit.InferenceEngine.Benchmarking;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Cuda.Plans;

namespace QatKit.GpuCheck.Kernels;

/// <summary>Compiles every kernel that this program's models can ask for, and reads what the assembler says.</summary>
internal static class KernelCheck
{
    /// <summary>A model as the engine's tests of a device have it, of a hidden size that no other model has.</summary>
    public const string DeviceTestShape = "2x64x2x128";

    /// <summary>The kernels of all models of this program, and of the engine's tests of a device.</summary>
    public static IReadOnlyList<KernelDefinition> Definitions(KernelTarget target) =>
        [.. SoakModel.All.Select(m => m.Shape).Append(PlanCheck.Shape).Append(DeviceTestShape).Append("bert-base").Append("bert-large").Distinct()
            .SelectMany(shape => KernelCatalog.For(ModelShape.Parse(shape, SoakModel.MaxPositions), [false, true], int16Encoder: false, target == KernelTarget.Sm90a))
            .DistinctBy(d => d.ToString())];

    /// <summary>Compiles them into the user's cache, and copies the entries.</summary>
    /// <param name="target">What for.</param>
    /// <param name="compiler">The compiler.</param>
    /// <param name="folder">The cache.</param>
    /// <param name="copyTo">Receives the entries, in the layout of the cache; null copies none.</param>
    public static KernelReport Run(KernelTarget target, IKernelCompiler compiler, string folder, string? copyTo)
    {
        var start = Stopwatch.GetTimestamp();
        var cache = new KernelCache(compiler, folder);
        var results = new ConcurrentBag<KernelResult>();
        Parallel.ForEach(Definitions(target), definition =>
        {
            var source = KernelSources.Load(definition);
            try
            {
                var (kernel, origin) = cache.Get(source, target);
                results.Add(new KernelResult(definition.ToString(), PtxasReport.Parse(kernel.Log) is [var usage, ..] ? usage : null, definition.SharedBytes, origin == KernelOrigin.Compiled, null));
                var name = $"{KernelCache.ContentName(source, target)}-{compiler.Version}";
                if (copyTo is not null) Copy(Path.Combine(folder, name), Path.Combine(copyTo, name));
            }
            catch (QatKitException e)
            {
                results.Add(new KernelResult(definition.ToString(), null, definition.SharedBytes, true, e.Message));
            }
        });
        return new KernelReport(target.Name, compiler.Version, [.. results.OrderBy(r => r.Kernel, StringComparer.Ordinal)], Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
    }
}

/// <summary>What the compiler made of the kernels.</summary>
/// <param name="Target">For example <c>sm_90a</c>.</param>
/// <param name="Compiler">For example <c>nvrtc-13.0</c>.</param>
/// <param name="Kernels">One entry for each kernel.</param>
/// <param name="Seconds">Wall time.</param>
internal sealed record KernelReport(string Target, string? Compiler, IReadOnlyList<KernelResult> Kernels, double Seconds)
{
    /// <summary>True when every kernel compiles and none spills.</summary>
    public bool Passed => Kernels.All(k => k.Problem is null && k.Usage is null or { SpillStoreBytes: 0, SpillLoadBytes: 0, StackBytes: 0 });
}

/// <summary>One kernel.</summary>
/// <param name="Kernel">File and constants.</param>
/// <param name="Usage">Registers, spills and static shared memory; null where the assembler said nothing.</param>
/// <param name="DynamicSharedBytes">Dynamic shared memory of a launch.</param>
/// <param name="Compiled">False when it was in the cache.</param>
/// <param name="Problem">Why it does not compile.</param>
internal sealed record KernelResult(string Kernel, KernelUsage? Usage, int DynamicSharedBytes, bool Compiled, string? Problem);
