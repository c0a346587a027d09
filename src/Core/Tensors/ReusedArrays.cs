namespace QatKit.Core.Tensors;

/// <summary>Arrays for values that are needed until the next of their length are read: one of each type and length. Not thread-safe.</summary>
internal sealed class ReusedArrays
{
    private readonly Dictionary<(Type, int), Array> _arrays = [];

    /// <summary>The array of a length; its content is what was last written to it.</summary>
    public T[] Get<T>(int length) where T : unmanaged
    {
        if (_arrays.TryGetValue((typeof(T), length), out var array)) return (T[])array;
        var values = GC.AllocateUninitializedArray<T>(length);
        _arrays.Add((typeof(T), length), values);
        return values;
    }
}
