using System.Diagnostics;

namespace QatKit.InferenceEngine.Tests;

/// <summary>Runs one test of this assembly in a process of its own, with its own environment.</summary>
/// <remarks>The child's side is a test that is skipped unless <see cref="ReportVariable"/> names the file for its findings.</remarks>
internal static class ChildProcess
{
    private const string ReportVariable = "QATKIT_TEST_REPORT";

    private static string? ReportPath => Environment.GetEnvironmentVariable(ReportVariable);

    /// <summary>How the child ended, and what it found.</summary>
    internal sealed record Result(int ExitCode, string Output, string[] Report);

    /// <summary>Runs a test method as a child.</summary>
    public static async Task<Result> Run(Type type, string method, params (string Variable, string Value)[] environment)
    {
        using var folder = new TestKit.TempFolder();
        var report = folder.WriteText("report", "");
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(type.Assembly.Location);
        start.ArgumentList.Add("-method");
        start.ArgumentList.Add($"{type.FullName}.{method}");
        start.Environment[ReportVariable] = report;
        foreach (var (variable, value) in environment) start.Environment[variable] = value;
        var cancellation = TestContext.Current.CancellationToken;
        using var child = Process.Start(start)!;
        try
        {
            var reading = child.StandardError.ReadToEndAsync(cancellation);
            var output = await child.StandardOutput.ReadToEndAsync(cancellation);
            var error = await reading;
            await child.WaitForExitAsync(cancellation);
            return new Result(child.ExitCode, output + error, await File.ReadAllLinesAsync(report, cancellation));
        }
        finally
        {
            if (!child.HasExited) child.Kill(entireProcessTree: true);
        }
    }

    /// <summary>In the child: adds a line to the report at once. In any other process: skips the test.</summary>
    public static void Report(string line)
    {
        SkipWithoutParent();
        File.AppendAllText(ReportPath!, line + "\n");
    }

    /// <summary>In any other process than a child: skips the test.</summary>
    public static void SkipWithoutParent() => Assert.SkipWhen(ReportPath is null, "Runs in a child process that another test starts.");
}
