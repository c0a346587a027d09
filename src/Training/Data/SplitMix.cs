namespace QatKit.Training.Data;

// SplitMix64 (Steele, Lea, Flood 2014): small, and the same sequence on every runtime and platform, which
// System.Random does not promise. Used for data order and generated data, not inside the model.
internal struct SplitMix(ulong seed)
{
    private ulong _state = seed;

    // A seed from several numbers, e.g. (seed, epoch): different inputs give unrelated sequences.
    public static ulong Combine(ulong a, ulong b) => new SplitMix(a ^ new SplitMix(b).NextUInt64()).NextUInt64();

    public ulong NextUInt64()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    // Uniform in 0..limit-1 (multiply-shift; the bias of less than limit / 2^64 does not matter here).
    public int Next(int limit) => (int)Math.BigMul(NextUInt64(), (ulong)limit, out _);

    public bool Chance(int percent) => Next(100) < percent;

    // Fisher-Yates.
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
