using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Tests.Cuda.Emulation;

namespace QatKit.InferenceEngine.Tests.Cuda.Backend;

/// <summary>Runs the engine's own .cu files, compiled for this processor, for the launches of the fake driver.</summary>
internal static partial class EmulatedKernels
{
    public static void Launch(CudaLaunch launch)
    {
        switch (launch.Function.Name)
        {
            case "embed_layernorm":
                Launch<EmbeddingParameters>(launch, "embedding.cu", "EmbeddingParams");
                break;
            case "layernorm":
                Launch<LayerNormParameters>(launch, "layernorm.cu", "LayerNormParams");
                break;
            case "attention":
                Launch<AttentionParameters>(launch, "attention.cu", "AttentionParams");
                break;
            case "gemm_s8_sm90":
                Launch<GemmSm90Parameters>(launch, "gemm_s8_sm90.cu", "GemmSm90Params");
                break;
            default:
                Launch<GemmParameters>(launch, launch.Function.Name + ".cu", "GemmParams");
                break;
        }
    }

    private static void Launch<T>(CudaLaunch launch, string file, string parameters)
        where T : unmanaged
    {
        List<KeyValuePair<string, int>> constants =
            [.. Constant().Matches(launch.Function.Module.Name).Select(m => KeyValuePair.Create(m.Groups[1].Value, int.Parse(m.Groups[2].ValueSpan, CultureInfo.InvariantCulture)))];
        var definition = new KernelDefinition(file, launch.Function.Name, constants, launch.Block.X, launch.SharedBytes) { Cluster = launch.Cluster?.X ?? 1 };
        EmulatedKernel.Get(definition, parameters).Launch(new LaunchGrid(launch.Grid.X, launch.Grid.Y, launch.Grid.Z), MemoryMarshal.Read<T>(launch.Arguments.Bytes));
    }

    [GeneratedRegex(@"(\w+)=(-?\d+)")]
    private static partial Regex Constant();
}
