namespace QatKit.InferenceEngine;

/// <summary>How weights are packed at load. The format does not change one bit of the result.</summary>
public enum WeightFormat
{
    /// <summary>2:4 kernels for every int8 layer that has a mask, dense kernels for the others.</summary>
    Auto,

    /// <summary>Dense kernels everywhere; masked weights are multiplied as zeros.</summary>
    Dense,

    /// <summary>Like <see cref="Auto"/>, but a model without any 2:4 layer is refused.</summary>
    Sparse24,
}
