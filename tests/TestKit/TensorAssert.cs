using System.Globalization;
using Xunit.Sdk;

namespace QatKit.TestKit;

/// <summary>Compares tensors and says where they first differ, by how much in all, and how to repeat the run.</summary>
public static class TensorAssert
{
    /// <summary>Fails unless both tensors have the same bits, element by element (so -0 differs from 0, and NaN equals itself).</summary>
    /// <param name="expected">What the specification says, row-major.</param>
    /// <param name="actual">What the code under test says.</param>
    /// <param name="columns">Row length, to print coordinates; 0 prints a flat index.</param>
    /// <param name="context">Anything that repeats the run: seed, shape, tier.</param>
    public static void BitEqual<T>(ReadOnlySpan<T> expected, ReadOnlySpan<T> actual, int columns = 0, string context = "")
        where T : unmanaged
    {
        if (expected.Length != actual.Length)
            Fail($"lengths differ: expected {expected.Length}, actual {actual.Length}", context);
        int first = -1, count = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            if (SameBits(expected[i], actual[i])) continue;
            if (first < 0) first = i;
            count++;
        }

        if (first < 0) return;
        Fail($"{count} of {expected.Length} elements differ, first at {Place(first, columns)}: expected {Show(expected[first])}, actual {Show(actual[first])}", context);
    }

    /// <inheritdoc cref="BitEqual{T}(ReadOnlySpan{T}, ReadOnlySpan{T}, int, string)"/>
    public static void BitEqual<T>(T[] expected, T[] actual, int columns = 0, string context = "")
        where T : unmanaged => BitEqual<T>(expected.AsSpan(), actual.AsSpan(), columns, context);

    /// <summary>Fails unless |expected − actual| ≤ tolerance everywhere.</summary>
    public static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance, int columns = 0, string context = "")
    {
        if (expected.Length != actual.Length)
            Fail($"lengths differ: expected {expected.Length}, actual {actual.Length}", context);
        int first = -1, count = 0;
        double largest = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            var difference = Math.Abs((double)expected[i] - actual[i]);
            if (difference <= tolerance) continue; // NaN compares false and counts as different.
            if (first < 0) first = i;
            count++;
            largest = Math.Max(largest, difference);
        }

        if (first < 0) return;
        Fail($"{count} of {expected.Length} elements differ by more than {tolerance:R} (largest {largest:R}), first at {Place(first, columns)}: "
            + $"expected {Show(expected[first])}, actual {Show(actual[first])}", context);
    }

    private static bool SameBits<T>(T a, T b)
        where T : unmanaged => Bytes(ref a).SequenceEqual(Bytes(ref b));

    private static ReadOnlySpan<byte> Bytes<T>(ref T value)
        where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.AsBytes(new ReadOnlySpan<T>(ref value));

    private static string Place(int index, int columns) =>
        columns > 0 ? $"[{index / columns}, {index % columns}]" : $"[{index}]";

    private static string Show<T>(T value) => value switch
    {
        float f => string.Create(CultureInfo.InvariantCulture, $"{f:R} (0x{BitConverter.SingleToUInt32Bits(f):x8})"),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value?.ToString() ?? "null",
    };

    private static void Fail(string message, string context) =>
        throw new XunitException(string.Create(CultureInfo.InvariantCulture, $"Tensors: {message}.{(context.Length == 0 ? "" : " " + context)}"));
}
