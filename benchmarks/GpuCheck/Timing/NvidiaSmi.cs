using System.ComponentModel;
using System.Diagnostics;

namespace QatKit.GpuCheck.Timing;

/// <summary>Clocks, temperature and power of the first device, as nvidia-smi reads them. Only reads.</summary>
internal static class NvidiaSmi
{
    private const string Query = "clocks.sm,clocks.mem,temperature.gpu,power.draw,clocks_event_reasons.active";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>One line, <c>1980 MHz, 3201 MHz, 41, 320.10 W, 0x0000000000000000</c>, or why there is none.</summary>
    public static string Read()
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("nvidia-smi", ["-i", "0", $"--query-gpu={Query}", "--format=csv,noheader"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Limit))
            {
                process.Kill();
                return "nvidia-smi does not answer";
            }

            return process.ExitCode == 0 ? output.Result.Trim() : $"nvidia-smi failed: {(output.Result + error.Result).Trim()}";
        }
        catch (Win32Exception)
        {
            return "nvidia-smi is not here";
        }
    }
}
