using QatKit.Core.Graph;
using QatKit.TestKit;

namespace QatKit.Training.Tests.Quantization;

/// <summary>Keeps every tensor that a run reports.</summary>
internal sealed class RecordedTrace : IActivationTrace
{
    private readonly Dictionary<string, (int Columns, Array Values)> _tensors = [];

    public IReadOnlyCollection<string> Keys => _tensors.Keys;

    public void Record(string name, int rows, int columns, ReadOnlySpan<sbyte> codes) => Add(name + " int8", rows, columns, codes);

    public void Record(string name, int rows, int columns, ReadOnlySpan<short> codes) => Add(name + " int16", rows, columns, codes);

    public void Record(string name, int rows, int columns, ReadOnlySpan<float> values) => Add(name + " float", rows, columns, values);

    internal void AssertEqual(RecordedTrace actual, string context)
    {
        foreach (var (name, expected) in _tensors)
        {
            Assert.True(actual._tensors.TryGetValue(name, out var other), $"'{name}' is missing. {context}");
            switch (expected.Values)
            {
                case sbyte[] codes: TensorAssert.BitEqual(codes, (sbyte[])other.Values, expected.Columns, $"{name} {context}"); break;
                case short[] codes: TensorAssert.BitEqual(codes, (short[])other.Values, expected.Columns, $"{name} {context}"); break;
                default: TensorAssert.BitEqual((float[])expected.Values, (float[])other.Values, expected.Columns, $"{name} {context}"); break;
            }
        }

        Assert.Equal(Keys.Order(), actual.Keys.Order());
    }

    private void Add<T>(string name, int rows, int columns, ReadOnlySpan<T> values)
    {
        Assert.Equal(rows * columns, values.Length);
        _tensors.Add(name, (columns, values.ToArray()));
    }
}
