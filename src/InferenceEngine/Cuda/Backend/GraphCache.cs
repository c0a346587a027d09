using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Plans;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>Captured graphs by bucket; the least recently used one makes room.</summary>
internal sealed class GraphCache(int capacity) : IDisposable
{
    private readonly Dictionary<Bucket, (CudaGraph Graph, long Used)> _graphs = [];
    private long _clock;

    /// <summary>The graph of a bucket, or null.</summary>
    public CudaGraph? Find(Bucket bucket)
    {
        if (!_graphs.TryGetValue(bucket, out var entry)) return null;
        _graphs[bucket] = (entry.Graph, ++_clock);
        return entry.Graph;
    }

    /// <summary>Keeps a graph.</summary>
    public void Add(Bucket bucket, CudaGraph graph)
    {
        if (_graphs.Count == capacity)
        {
            var oldest = _graphs.MinBy(e => e.Value.Used);
            oldest.Value.Graph.Dispose();
            _graphs.Remove(oldest.Key);
        }

        _graphs.Add(bucket, (graph, ++_clock));
    }

    /// <summary>Frees all graphs.</summary>
    public void Dispose()
    {
        foreach (var (graph, _) in _graphs.Values) graph.Dispose();
        _graphs.Clear();
    }
}
