using System.Runtime.ExceptionServices;

namespace QatKit.InferenceEngine.Tests;

/// <summary>Threads that call the engine at the same time.</summary>
internal static class Callers
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    /// <summary>Runs a call on each of some new threads and returns these when all are done.</summary>
    /// <param name="count">Threads.</param>
    /// <param name="call">Given the number of its thread. What it throws is thrown here: in a thread it would end the process.</param>
    public static Thread[] Run(int count, Action<int> call)
    {
        var failures = new ExceptionDispatchInfo?[count];
        var threads = Enumerable.Range(0, count).Select(i => new Thread(() =>
        {
            try
            {
                call(i);
            }
            catch (Exception e)
            {
                failures[i] = ExceptionDispatchInfo.Capture(e);
            }
        })
        { IsBackground = true }).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) Assert.True(thread.Join(Longest), "A concurrent call did not end.");
        foreach (var failure in failures) failure?.Throw();
        return threads;
    }
}
