using System.Diagnostics;
using System.Runtime.InteropServices;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Cuda.Driver;

/// <summary>What the real <see cref="CudaDriver"/> hands to the driver's library, for which a library of C stands in: it prints its arguments.</summary>
public sealed class DriverCallTests
{
    // CUlaunchConfig and CUlaunchAttribute of cuda.h.
    private const string Library = """
        #include <stdio.h>
        typedef struct { int id; char pad[4]; unsigned value[16]; } Attribute;
        typedef struct { unsigned grid[3], block[3], shared; void* stream; Attribute* attributes; unsigned count; } Config;
        int cuDriverGetVersion(int* v) { *v = 12040; return 0; }
        int cuInit(unsigned flags) { return 0; }
        int cuLaunchKernelEx(const Config* c, void* function, void** parameters, void** extra) {
            printf("LAUNCH %p grid %u %u %u block %u %u %u shared %u stream %p", function, c->grid[0], c->grid[1], c->grid[2], c->block[0], c->block[1], c->block[2], c->shared, c->stream);
            for (unsigned i = 0; i < c->count; i++) printf(" attribute %d %u %u %u", c->attributes[i].id, c->attributes[i].value[0], c->attributes[i].value[1], c->attributes[i].value[2]);
            printf(" extra %d", extra != 0);
            if (parameters) for (int i = 0; i < 24; i++) printf(" %02x", ((unsigned char*)parameters[0])[i]);
            printf(".\n");
            fflush(stdout);
            return 0;
        }
        int cuFuncSetAttribute(void* function, int attribute, int value) {
            printf("ATTRIBUTE %p %d %d.\n", function, attribute, value);
            fflush(stdout);
            return 0;
        }
        int cuDeviceGet(int* device, int ordinal) { *device = ordinal; return 0; }
        int cuCtxPushCurrent_v2(void* context) { return 0; }
        int cuCtxPopCurrent_v2(void** context) { *context = 0; return 0; }
        int cuStreamDestroy_v2(void* stream) { return 0; }
        int cuModuleUnload(void* module) { return 0; }
        int cuDevicePrimaryCtxRelease_v2(int device) { return 0; }

        """;

    [Fact]
    public async Task A_launch_gives_the_address_of_its_one_parameter_and_its_attributes()
    {
        var output = await RunChild();
        // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES and CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT.
        Assert.Contains("ATTRIBUTE 0x22 8 65536.\nATTRIBUTE 0x22 9 100.\n", output, StringComparison.Ordinal);
        Assert.Contains("LAUNCH 0x22 grid 3 4 5 block 64 1 1 shared 4096 stream 0x33 attribute 4 2 1 1 attribute 6 1 0 0 extra 0 " +
            "01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 03 00 00 00 04 00 00 00.\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Child_issues_the_calls()
    {
        ChildProcess.Report("begins");
        var driver = CudaDriver.Open();
        using var context = new CudaContext(driver, FakeCudaDriver.Hopper, 0x44);
        using var stream = new CudaStream(driver, context, 0x33);
        using var module = new CudaModule(driver, context, 0x11, "kernel<N=1>");
        var function = new CudaFunction(module, "kernel", 0x22, 32, 0, 1024, 1024);
        driver.AllowSharedMemory(function, 65536);
        driver.PreferSharedMemory(function);
        driver.Launch(stream, new CudaLaunch(function, new Dim3(3, 4, 5), new Dim3(64), 4096, KernelArguments.Of(new Parameter { A = 1, B = 2, C = 3, D = 4 }), "")
        {
            Cluster = new Dim3(2),
            OverlapsPredecessor = true,
        });
        ChildProcess.Report("ends");
    }

    private static async Task<string> RunChild()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/g++"), "g++ is not installed: nothing can stand in for the driver's library.");
        using var folder = new TempFolder();
        var source = folder.WriteText("driver.c", Library);
        using (var compiler = Process.Start("/usr/bin/g++", ["-x", "c", "-shared", "-fPIC", "-o", folder.Combine("libcuda.so.1"), source]))
        {
            await compiler.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, compiler.ExitCode);
        }

        var child = await ChildProcess.Run(typeof(DriverCallTests), nameof(Child_issues_the_calls), ("LD_LIBRARY_PATH", folder.Path));
        Assert.True(child.Report is ["begins", "ends"], child.Output);
        return child.Output;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Parameter
    {
        public ulong A, B;
        public int C, D;
    }
}
