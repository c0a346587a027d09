namespace QatKit.Benchmarks.Kernels;

/// <summary>The matrix products of BERT models, as MxNxK.</summary>
internal static class GemmShapes
{
    public static readonly string[] All =
    [
        "32x128x128", "32x512x128", "32x128x512", // bert-tiny, 32 tokens
        "1x768x768", "8x768x768", // first tokens of the last layer
        "128x768x768", "128x3072x768", "128x768x3072", // bert-base, 128 tokens
        "384x768x768", "384x3072x768", "384x768x3072", // bert-base, 384 tokens
        "1024x768x768", "1024x3072x768", "1024x768x3072", // bert-base, 8 x 128 tokens
        "128x1024x1024", "128x4096x1024", "128x1024x4096", // bert-large, 128 tokens
    ];
}
