using QatKit.Core.Graph;

namespace QatKit.GpuCheck.Timing;

/// <summary>The least time that a device needs for a pass.</summary>
/// <remarks><c>max(weights / bandwidth, linear operations / rate of the format + attention operations / dense rate)</c>. Weights are the int8
/// weights of the encoder's linear layers, each read once: 1 byte, or with 2:4 0.5 bytes of values and 0.125 of metadata. Operations are
/// counted for dense weights, a multiplication and an addition as two. Embeddings, LayerNorm, softmax, GELU, activations and launches are free:
/// no implementation can be faster, and a good one is slower.</remarks>
internal static class Roofline
{
    private const double SparseBytes = 0.625;

    /// <summary>The floor of a pass over <paramref name="batch"/> sequences of <paramref name="length"/> tokens.</summary>
    public static double Milliseconds(BertArchitecture architecture, int batch, int length, bool sparse24, DevicePeak peak)
    {
        double h = architecture.Hidden, f = architecture.Intermediate, l = architecture.Layers, tokens = (double)batch * length;
        var weights = l * (4 * h * h + 2 * h * f);
        var linear = 2 * tokens * weights;
        var attention = 4 * tokens * length * h * l;
        var memory = weights * (sparse24 ? SparseBytes : 1) / (peak.TerabytesPerSecond * 1e12);
        var compute = linear / ((sparse24 ? peak.SparseTops : peak.DenseTops) * 1e12) + attention / (peak.DenseTops * 1e12);
        return 1000 * Math.Max(memory, compute);
    }
}
