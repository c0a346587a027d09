using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cuda.Driver;
using static QatKit.InferenceEngine.Cuda.Driver.NativeMethods;

namespace QatKit.InferenceEngine.Cuda.Compilation;

/// <summary>NVIDIA's run-time compiler. It needs no device.</summary>
internal sealed unsafe class NvrtcCompiler : IKernelCompiler
{
    private NvrtcCompiler(string version) => Version = version;

    /// <inheritdoc/>
    public string? Version { get; }

    /// <summary>Loads the compiler.</summary>
    /// <exception cref="QatKitException">QK6010: it is not here.</exception>
    public static NvrtcCompiler Open()
    {
        try
        {
            var result = nvrtcVersion(out var major, out var minor);
            if (result != 0) throw Missing($"nvrtcVersion failed with {ErrorName(result)}.");
            return new NvrtcCompiler(string.Create(CultureInfo.InvariantCulture, $"nvrtc-{major}.{minor}"));
        }
        catch (DllNotFoundException)
        {
            throw Missing(NvrtcLocator.NamedFolder is { } folder
                ? $"the run-time compiler is not in {NvrtcLocator.FolderVariable} = '{folder}'."
                : "the run-time compiler is not beside the program, in the user's cache, in a CUDA toolkit or in the system.");
        }
    }

    /// <summary>The compiler where it can be loaded, else the stand-in that says why not.</summary>
    public static IKernelCompiler OpenOrMissing()
    {
        try
        {
            return Open();
        }
        catch (QatKitException e)
        {
            return new MissingCompiler(e);
        }
    }

    /// <inheritdoc/>
    public CompiledKernel Compile(KernelSource source, KernelTarget target)
    {
        Check(nvrtcCreateProgram(out var program, source.Text, source.Name, source.Headers.Count,
            [.. source.Headers.Select(h => h.Text)], [.. source.Headers.Select(h => h.Name)]), nameof(nvrtcCreateProgram), source);
        try
        {
            string[] options = [$"--gpu-architecture={target.Name}", .. source.Options];
            var result = nvrtcCompileProgram(program, options.Length, options);
            var log = Log(program);
            if (result != 0)
            {
                throw new QatKitException("QK6011", source.Name,
                    $"{source.Variant} does not compile for {target.Name} with {Version} ({ErrorName(result)}). Use another version of NVRTC, or run on the CPU. Log:{Environment.NewLine}{log.TrimEnd()}");
            }

            return new CompiledKernel(Image(program, target, source), log);
        }
        finally
        {
            _ = nvrtcDestroyProgram(ref program);
        }
    }

    private static byte[] Image(nint program, KernelTarget target, KernelSource source)
    {
        nuint size;
        Check(target.IsPtx ? nvrtcGetPTXSize(program, out size) : nvrtcGetCUBINSize(program, out size), target.IsPtx ? nameof(nvrtcGetPTXSize) : nameof(nvrtcGetCUBINSize), source);
        var image = new byte[size];
        fixed (byte* bytes = image)
            Check(target.IsPtx ? nvrtcGetPTX(program, bytes) : nvrtcGetCUBIN(program, bytes), target.IsPtx ? nameof(nvrtcGetPTX) : nameof(nvrtcGetCUBIN), source);
        return image;
    }

    private static string Log(nint program)
    {
        if (nvrtcGetProgramLogSize(program, out var size) != 0) return "";
        var log = new byte[size];
        fixed (byte* bytes = log) return nvrtcGetProgramLog(program, bytes) == 0 ? Encoding.UTF8.GetString(log).TrimEnd('\0') : "";
    }

    private static void Check(int result, string api, KernelSource source)
    {
        if (result != 0) CudaErrors.ThrowCall(api, ErrorName(result), $"the compiler failed on {source.Variant}", "");
    }

    private static string ErrorName(int result) => Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(nvrtcGetErrorString(result)));

    private static QatKitException Missing(string what) => new("QK6010", "NVRTC",
        $"{what} Install it (libnvrtc12 on Debian and Ubuntu, eng/get-nvrtc.sh, or a CUDA toolkit), name its folder in {NvrtcLocator.FolderVariable}, or run on the CPU.");
}
