using System.Diagnostics;

namespace QatKit.TestKit;

/// <summary>Runs one explicit test in a process of its own.</summary>
public static class ChildTest
{
    /// <summary>Runs it, and fails where it does not pass.</summary>
    /// <param name="type">Of the test.</param>
    /// <param name="method">The test.</param>
    /// <param name="variable">Set in the child's environment.</param>
    /// <param name="value">To this.</param>
    public static async Task Run(Type type, string method, string variable, string value)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            ArgumentList = { "-method", $"{type.FullName}.{method}", "-explicit", "on" },
            Environment = { [variable] = value },
            RedirectStandardOutput = true,
        };
        // Under 'dotnet test.dll' the program is dotnet itself.
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet") start.ArgumentList.Insert(0, type.Assembly.Location);
        using var child = Process.Start(start)!;
        var output = await child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(child.ExitCode == 0 && output.Contains("Total: 1,", StringComparison.Ordinal) && output.Contains("Skipped: 0", StringComparison.Ordinal), output);
    }
}
