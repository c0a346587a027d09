using QatKit.Core.Diagnostics;

namespace QatKit.GpuCheck;

/// <summary>What the process answers; eng/gpu-check.sh turns it into a stage's outcome.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>An error: the message says which.</summary>
    public const int Error = 1;

    /// <summary>There is nothing here to check: no driver, no device, no compiler.</summary>
    public const int NotHere = 3;

    /// <summary>Bits differ, a kernel does not compile or spills, or the sentences were not all compared.</summary>
    public const int CheckFailed = 4;

    /// <summary>The code of an exception.</summary>
    public static int Of(QatKitException e) => e.Diagnostics.All(d => d.Code is "QK6001" or "QK6002") ? NotHere : Error;
}
