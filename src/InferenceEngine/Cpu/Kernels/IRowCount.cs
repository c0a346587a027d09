namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>A number of rows as a type, so that each row count gets its own code with that many accumulators.</summary>
internal interface IRowCount
{
    /// <summary>Rows.</summary>
    static abstract int Count { get; }
}

internal readonly struct Rows1 : IRowCount
{
    public static int Count => 1;
}

internal readonly struct Rows2 : IRowCount
{
    public static int Count => 2;
}

internal readonly struct Rows3 : IRowCount
{
    public static int Count => 3;
}

internal readonly struct Rows4 : IRowCount
{
    public static int Count => 4;
}

internal readonly struct Rows5 : IRowCount
{
    public static int Count => 5;
}

internal readonly struct Rows6 : IRowCount
{
    public static int Count => 6;
}
