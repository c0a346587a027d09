using QatKit.Core.Graph;
using QatKit.Quantization.Kernels;
using static TorchSharp.torch;

namespace QatKit.Quantization.Modules;

/// <summary>Hands tensors to a trace as plain numbers.</summary>
internal static class TraceRecorder
{
    /// <summary>Records float values [T, N].</summary>
    internal static void Values(this IActivationTrace trace, string name, Tensor tensor) =>
        trace.Record(name, (int)tensor.shape[0], (int)tensor.shape[1], Read(tensor));

    /// <summary>Records codes [T, N] in their width.</summary>
    internal static void Codes(this IActivationTrace trace, string name, Tensor tensor, CodeWidth width)
    {
        var codes = Read(tensor);
        int rows = (int)tensor.shape[0], columns = (int)tensor.shape[1];
        if (width == CodeWidth.Int8) trace.Record(name, rows, columns, Array.ConvertAll(codes, c => (sbyte)c));
        else trace.Record(name, rows, columns, Array.ConvertAll(codes, c => (short)c));
    }

    private static float[] Read(Tensor tensor)
    {
        using var detached = tensor.detach();
        using var cpu = detached.cpu();
        using var contiguous = cpu.contiguous();
        return TensorMemory.Span(contiguous).ToArray();
    }
}
