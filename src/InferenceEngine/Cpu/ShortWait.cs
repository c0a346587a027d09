using System.Diagnostics;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>How long a thread that waits looks on before it blocks, because it will not be long.</summary>
/// <remarks>After the first microseconds it lets others run in between: a thread that was woken may have been put on this very processor, and neither
/// would see the other before its time is up.</remarks>
internal readonly struct ShortWait()
{
    /// <summary>Looks before the clock is looked at, which takes longer.</summary>
    public const int LooksPerTurn = 16;

    private static readonly TimeSpan Alone = TimeSpan.FromMicroseconds(4), Longest = TimeSpan.FromMicroseconds(60);

    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Lets others run when it is time to; false when it is time to block.</summary>
    public bool GoOn()
    {
        var elapsed = Stopwatch.GetElapsedTime(_start);
        if (elapsed > Alone) Thread.Yield();
        return elapsed < Longest;
    }
}
