using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Cuda.Plans;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>Rows of a traced tensor.</summary>
internal enum TraceRows
{
    /// <summary>One for each token.</summary>
    Tokens,

    /// <summary>One for each sequence.</summary>
    Sequences,

    /// <summary>One for each sequence: that of its first token.</summary>
    FirstTokens,
}

/// <summary>A tensor that exists after a step.</summary>
internal sealed record TracePoint(string Name, DeviceRange Buffer, int FirstColumn, OutputType Type, int Pitch, int Columns, TraceRows Rows);

/// <summary>A launch and what it leaves behind.</summary>
/// <param name="Launch">The launch.</param>
/// <param name="Traces">Tensors that exist afterwards.</param>
/// <param name="Choice">What the plan chose for it, or empty where there is nothing to choose.</param>
/// <param name="Operations">Operations on tensor cores, an addition and a multiplication of a dense product counting as two.</param>
internal sealed record ForwardStep(CudaLaunch Launch, IReadOnlyList<TracePoint> Traces, string Choice, double Operations);

/// <summary>Every launch of a pass over one bucket, in order.</summary>
/// <param name="Bucket">Sizes.</param>
/// <param name="Steps">Launches.</param>
/// <param name="Gemms">The plans of the int8 products, in order of first use, for people.</param>
/// <param name="Attention">The plan of the attention.</param>
internal sealed record ForwardPlan(Bucket Bucket, IReadOnlyList<ForwardStep> Steps, IReadOnlyList<GemmPlan> Gemms, AttentionPlan Attention)
{
    /// <summary>All plans, one per line.</summary>
    public override string ToString() => string.Join(Environment.NewLine,
        [$"{Bucket}: {Steps.Count} launches", .. Gemms.Select(g => g.ToString()), Attention.ToString()]);
}
