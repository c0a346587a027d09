using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Tests.Model;

/// <summary>Keeps every recorded tensor, as bits, in the order of recording.</summary>
internal sealed class RecordedTrace : IActivationTrace
{
    public List<(string Name, int Rows, int Columns, int[] Bits)> Tensors { get; } = [];

    public void Record(string name, int rows, int columns, ReadOnlySpan<sbyte> codes) =>
        Tensors.Add((name + " int8", rows, columns, Array.ConvertAll(codes.ToArray(), c => (int)c)));

    public void Record(string name, int rows, int columns, ReadOnlySpan<short> codes) =>
        Tensors.Add((name + " int16", rows, columns, Array.ConvertAll(codes.ToArray(), c => (int)c)));

    public void Record(string name, int rows, int columns, ReadOnlySpan<float> values) =>
        Tensors.Add((name + " float", rows, columns, Array.ConvertAll(values.ToArray(), BitConverter.SingleToInt32Bits)));

    /// <summary>Fails with the name of a tensor that holds NaN or infinity.</summary>
    public void AssertFinite()
    {
        foreach (var (name, _, _, bits) in Tensors)
            if (name.EndsWith(" float", StringComparison.Ordinal)) Assert.All(bits, b => Assert.True(float.IsFinite(BitConverter.Int32BitsToSingle(b)), name));
    }

    /// <summary>Fails with the name and the first place where two runs differ.</summary>
    public static void AssertEqual(RecordedTrace expected, RecordedTrace actual)
    {
        Assert.Equal(expected.Tensors.Select(t => (t.Name, t.Rows, t.Columns)), actual.Tensors.Select(t => (t.Name, t.Rows, t.Columns)));
        for (var i = 0; i < expected.Tensors.Count; i++)
        {
            var (name, _, columns, bits) = expected.Tensors[i];
            var other = actual.Tensors[i].Bits;
            for (var j = 0; j < bits.Length; j++)
            {
                if (bits[j] != other[j])
                    Assert.Fail($"{name} differs first at [{j / columns}, {j % columns}]: expected 0x{bits[j]:x8}, actual 0x{other[j]:x8}.");
            }
        }
    }
}
