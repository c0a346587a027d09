using System.Diagnostics;

namespace QatKit.Training.Tests;

/// <summary>Runs one test of this project in a process of its own.</summary>
internal static class ChildProcess
{
    public static async Task RunTest(Type type, string method, string variable, string value)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            ArgumentList = { "-method", $"{type.FullName}.{method}", "-explicit", "on" },
            Environment = { [variable] = value },
            RedirectStandardOutput = true,
        };
        // Under 'dotnet test.dll' the program is dotnet itself.
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet") start.ArgumentList.Insert(0, typeof(ChildProcess).Assembly.Location);
        using var child = Process.Start(start)!;
        var output = await child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(child.ExitCode == 0 && output.Contains("Total: 1,", StringComparison.Ordinal) && output.Contains("Skipped: 0", StringComparison.Ordinal), output);
    }
}
