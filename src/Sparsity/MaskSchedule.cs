namespace QatKit.Sparsity;

/// <summary>The optimizer steps at which masks are computed from the weights; between them masks are held.</summary>
/// <remarks>Steps count from 0: step s is reached after s updates.</remarks>
public sealed record MaskSchedule
{
    private MaskSchedule(long start, long interval, long until) => (Start, Interval, Until) = (start, interval, until);

    /// <summary>The first step with masks.</summary>
    public long Start { get; }

    /// <summary>Steps between two computations.</summary>
    public long Interval { get; }

    /// <summary>The last step at which masks may be computed.</summary>
    public long Until { get; }

    /// <summary>Masks are computed once and held from then on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The step is negative.</exception>
    public static MaskSchedule OneShot(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return new MaskSchedule(step, 1, step);
    }

    /// <summary>Masks are computed at <paramref name="start"/>, then every <paramref name="interval"/> steps up to and
    /// including <paramref name="until"/>, and held from then on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">start is negative, interval is not positive, or until is before start.</exception>
    public static MaskSchedule Recompute(long start, long interval, long until)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(interval);
        ArgumentOutOfRangeException.ThrowIfLessThan(until, start);
        return new MaskSchedule(start, interval, until);
    }

    /// <summary>True when masks are computed at this step.</summary>
    public bool ComputesAt(long step) => step >= Start && step <= Until && (step - Start) % Interval == 0;
}
