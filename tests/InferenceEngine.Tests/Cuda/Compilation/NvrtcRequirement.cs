using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cuda.Compilation;

namespace QatKit.InferenceEngine.Tests.Cuda.Compilation;

/// <summary>Tests that compile kernels need NVRTC: continuous integration must have it, elsewhere they are skipped with the reason.</summary>
internal static class NvrtcRequirement
{
    public static NvrtcCompiler Open()
    {
        try
        {
            return NvrtcCompiler.Open();
        }
        catch (QatKitException e) when (Environment.GetEnvironmentVariable("CI") != "true")
        {
            Assert.Skip(e.Message);
            throw;
        }
    }
}
