using static TorchSharp.torch;

namespace QatKit.Training.Data;

/// <summary>A batch as torch tensors, padded on the right to its longest row.</summary>
/// <param name="InputIds">int64 [B, S].</param>
/// <param name="TokenTypeIds">int64 [B, S].</param>
/// <param name="Lengths">int64 [B].</param>
/// <param name="Labels">int64 [B] class indices, or float32 [B] for a regression.</param>
public sealed record PaddedBatch(Tensor InputIds, Tensor TokenTypeIds, Tensor Lengths, Tensor Labels)
{
    /// <summary>Gathers examples; the tensors belong to the current dispose scope.</summary>
    public static PaddedBatch Create(EncodedDataset data, IReadOnlyList<int> indices, bool regression, Device device)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(indices);
        var length = indices.Max(i => data[i].Length);
        var ids = new long[indices.Count * length];
        var types = new long[ids.Length];
        var lengths = new long[indices.Count];
        Array.Fill(ids, data.PaddingId);
        for (var row = 0; row < indices.Count; row++)
        {
            var text = data[indices[row]];
            lengths[row] = text.Length;
            for (var j = 0; j < text.Length; j++)
            {
                ids[row * length + j] = text.InputIds[j];
                types[row * length + j] = text.TokenTypeIds[j];
            }
        }

        long[] shape = [indices.Count, length];
        var labels = regression
            ? tensor(indices.Select(i => data.Labels[i]).ToArray())
            : tensor(indices.Select(i => (long)data.Labels[i]).ToArray());
        return new PaddedBatch(tensor(ids, shape).to(device), tensor(types, shape).to(device), tensor(lengths).to(device), labels.to(device));
    }
}
