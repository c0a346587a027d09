namespace QatKit.InferenceEngine.Cpu;

/// <summary>A thread's place to sleep, from which another wakes it. Who wakes it pays for it only when it sleeps.</summary>
/// <remarks>Lie down, look whether what is waited for has come, sleep, look again; get up. Who wakes it makes what is waited for visible before, with
/// a full fence: then the one sees it, or the other sees the sleeper.</remarks>
internal sealed class Sleeper : IDisposable
{
    private readonly AutoResetEvent _wake = new(false);
    private int _lies;

    /// <summary>Whether the thread sleeps, or is about to.</summary>
    public bool IsDown => Volatile.Read(ref _lies) != 0;

    /// <summary>Before the last look.</summary>
    public void LieDown() => Interlocked.Exchange(ref _lies, 1);

    /// <summary>Returns after <see cref="Wake"/>, at once when that was already called; now and then without a reason.</summary>
    public void Sleep() => _wake.WaitOne();

    /// <summary>After the last sleep.</summary>
    public void GetUp() => Volatile.Write(ref _lies, 0);

    /// <summary>Ends the sleep of who lies here.</summary>
    public void Wake()
    {
        if (IsDown) _wake.Set();
    }

    public void Dispose() => _wake.Dispose();
}
