using System.Runtime.InteropServices;
using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>Copies traced tensors from the device, without the padding of their rows.</summary>
internal sealed class TraceRecorder(ICudaDriver driver, BatchPass pass, IActivationTrace trace)
{
    /// <summary>Records one tensor.</summary>
    public void Record(TracePoint point)
    {
        if (!trace.Wants(point.Name)) return;
        switch (point.Type)
        {
            case OutputType.Int8:
                trace.Record(point.Name, Rows(point), point.Columns, Read<sbyte>(point));
                break;
            case OutputType.Int16:
                trace.Record(point.Name, Rows(point), point.Columns, Read<short>(point));
                break;
            default:
                trace.Record(point.Name, Rows(point), point.Columns, Read<float>(point));
                break;
        }
    }

    private int Rows(TracePoint point) => point.Rows == TraceRows.Tokens ? pass.Tokens : pass.Count;

    private T[] Read<T>(TracePoint point)
        where T : unmanaged
    {
        var rows = Rows(point);
        var stored = point.Rows == TraceRows.Sequences ? pass.Count : pass.Tokens;
        var padded = new T[(long)stored * point.Pitch];
        var bytes = MemoryMarshal.AsBytes(padded.AsSpan());
        driver.Download(bytes, point.Buffer.Slice(0, bytes.Length));
        var values = new T[rows * point.Columns];
        for (var r = 0; r < rows; r++)
        {
            var from = point.Rows == TraceRows.FirstTokens ? pass.Batch.Offsets[pass.First + r] - pass.FirstToken : r;
            padded.AsSpan(from * point.Pitch + point.FirstColumn, point.Columns).CopyTo(values.AsSpan(r * point.Columns));
        }

        return values;
    }
}
