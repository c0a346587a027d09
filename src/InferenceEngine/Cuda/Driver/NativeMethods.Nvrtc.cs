using System.Runtime.InteropServices;

namespace QatKit.InferenceEngine.Cuda.Driver;

/// <remarks>NVRTC, as nvrtc.h of 12.0 declares it; the result is an nvrtcResult, 0 on success.</remarks>
internal static unsafe partial class NativeMethods
{
    [LibraryImport(Nvrtc)] internal static partial int nvrtcVersion(out int major, out int minor);
    [LibraryImport(Nvrtc)] internal static partial byte* nvrtcGetErrorString(int result);
    [LibraryImport(Nvrtc, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int nvrtcCreateProgram(out nint program, string source, string name, int headerCount, string[] headers, string[] includeNames);
    [LibraryImport(Nvrtc)] internal static partial int nvrtcDestroyProgram(ref nint program);
    [LibraryImport(Nvrtc, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int nvrtcCompileProgram(nint program, int optionCount, string[] options);
    [LibraryImport(Nvrtc)] internal static partial int nvrtcGetProgramLogSize(nint program, out nuint bytes);
    [LibraryImport(Nvrtc)] internal static partial int nvrtcGetProgramLog(nint program, byte* text);
    [LibraryImport(Nvrtc)] internal static partial int nvrtcGetCUBINSize(nint program, out nuint bytes);
    [LibraryImport(Nvrtc)] internal static partial int nvrtcGetCUBIN(nint program, byte* image);
    [LibraryImport(Nvrtc)] internal static partial int nvrtcGetPTXSize(nint program, out nuint bytes);
    [LibraryImport(Nvrtc)] internal static partial int nvrtcGetPTX(nint program, byte* text);
}
