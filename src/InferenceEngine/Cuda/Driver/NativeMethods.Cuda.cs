using System.Runtime.InteropServices;

namespace QatKit.InferenceEngine.Cuda.Driver;

/// <remarks>CUDA driver API, as cuda.h of 12.0 declares it. Pointers and handles are <c>nint</c>, device addresses
/// <c>ulong</c>, <c>size_t</c> is <c>nuint</c>; the result is a CUresult, 0 on success.</remarks>
internal static unsafe partial class NativeMethods
{
    [LibraryImport(Cuda)] internal static partial int cuInit(uint flags);
    [LibraryImport(Cuda)] internal static partial int cuDriverGetVersion(out int version);
    [LibraryImport(Cuda)] internal static partial int cuGetErrorName(int error, out byte* text);
    [LibraryImport(Cuda)] internal static partial int cuGetErrorString(int error, out byte* text);

    [LibraryImport(Cuda)] internal static partial int cuDeviceGetCount(out int count);
    [LibraryImport(Cuda)] internal static partial int cuDeviceGet(out int device, int ordinal);
    [LibraryImport(Cuda)] internal static partial int cuDeviceGetName(byte* name, int length, int device);
    [LibraryImport(Cuda, EntryPoint = "cuDeviceTotalMem_v2")] internal static partial int cuDeviceTotalMem(out nuint bytes, int device);
    [LibraryImport(Cuda)] internal static partial int cuDeviceGetAttribute(out int value, DeviceAttribute attribute, int device);
    [LibraryImport(Cuda)] internal static partial int cuDevicePrimaryCtxRetain(out nint context, int device);
    [LibraryImport(Cuda, EntryPoint = "cuDevicePrimaryCtxRelease_v2")] internal static partial int cuDevicePrimaryCtxRelease(int device);
    [LibraryImport(Cuda)] internal static partial int cuCtxSetCurrent(nint context);
    [LibraryImport(Cuda, EntryPoint = "cuCtxPushCurrent_v2")] internal static partial int cuCtxPushCurrent(nint context);
    [LibraryImport(Cuda, EntryPoint = "cuCtxPopCurrent_v2")] internal static partial int cuCtxPopCurrent(out nint context);

    [LibraryImport(Cuda, EntryPoint = "cuMemGetInfo_v2")] internal static partial int cuMemGetInfo(out nuint free, out nuint total);
    [LibraryImport(Cuda, EntryPoint = "cuMemAlloc_v2")] internal static partial int cuMemAlloc(out nint address, nuint bytes);
    [LibraryImport(Cuda, EntryPoint = "cuMemFree_v2")] internal static partial int cuMemFree(nint address);
    [LibraryImport(Cuda, EntryPoint = "cuMemAllocHost_v2")] internal static partial int cuMemAllocHost(out nint pointer, nuint bytes);
    [LibraryImport(Cuda)] internal static partial int cuMemFreeHost(nint pointer);
    [LibraryImport(Cuda, EntryPoint = "cuMemcpyHtoD_v2")] internal static partial int cuMemcpyHtoD(ulong target, byte* source, nuint bytes);
    [LibraryImport(Cuda, EntryPoint = "cuMemcpyDtoH_v2")] internal static partial int cuMemcpyDtoH(byte* target, ulong source, nuint bytes);
    [LibraryImport(Cuda, EntryPoint = "cuMemcpyHtoDAsync_v2")] internal static partial int cuMemcpyHtoDAsync(ulong target, byte* source, nuint bytes, nint stream);
    [LibraryImport(Cuda, EntryPoint = "cuMemcpyDtoHAsync_v2")] internal static partial int cuMemcpyDtoHAsync(byte* target, ulong source, nuint bytes, nint stream);
    [LibraryImport(Cuda)] internal static partial int cuMemsetD8Async(ulong target, byte value, nuint bytes, nint stream);

    [LibraryImport(Cuda)] internal static partial int cuStreamCreate(out nint stream, uint flags);
    [LibraryImport(Cuda, EntryPoint = "cuStreamDestroy_v2")] internal static partial int cuStreamDestroy(nint stream);
    [LibraryImport(Cuda)] internal static partial int cuStreamSynchronize(nint stream);
    [LibraryImport(Cuda)] internal static partial int cuEventCreate(out nint @event, uint flags);
    [LibraryImport(Cuda, EntryPoint = "cuEventDestroy_v2")] internal static partial int cuEventDestroy(nint @event);
    [LibraryImport(Cuda)] internal static partial int cuEventRecord(nint @event, nint stream);
    [LibraryImport(Cuda)] internal static partial int cuEventElapsedTime(out float milliseconds, nint start, nint end);

    [LibraryImport(Cuda)] internal static partial int cuModuleLoadDataEx(out nint module, byte* image, uint count, JitOption* options, void** values);
    [LibraryImport(Cuda)] internal static partial int cuModuleUnload(nint module);
    [LibraryImport(Cuda, StringMarshalling = StringMarshalling.Utf8)] internal static partial int cuModuleGetFunction(out nint function, nint module, string name);
    [LibraryImport(Cuda)] internal static partial int cuFuncGetAttribute(out int value, FunctionAttribute attribute, nint function);
    [LibraryImport(Cuda)] internal static partial int cuFuncSetAttribute(nint function, FunctionAttribute attribute, int value);
    [LibraryImport(Cuda)] internal static partial int cuLaunchKernelEx(LaunchConfiguration* configuration, nint function, void** parameters, void** extra);

    [LibraryImport(Cuda)]
    internal static partial int cuTensorMapEncodeTiled(void* map, int type, uint rank, ulong address, ulong* dimensions, ulong* strides,
        uint* box, uint* elementStrides, int interleave, int swizzle, int promotion, int fill);

    [LibraryImport(Cuda, EntryPoint = "cuStreamBeginCapture_v2")] internal static partial int cuStreamBeginCapture(nint stream, int mode);
    [LibraryImport(Cuda)] internal static partial int cuStreamEndCapture(nint stream, out nint graph);
    [LibraryImport(Cuda)] internal static partial int cuGraphInstantiateWithFlags(out nint executable, nint graph, ulong flags);
    [LibraryImport(Cuda)] internal static partial int cuGraphLaunch(nint executable, nint stream);
    [LibraryImport(Cuda)] internal static partial int cuGraphExecDestroy(nint executable);
    [LibraryImport(Cuda)] internal static partial int cuGraphDestroy(nint graph);
}
