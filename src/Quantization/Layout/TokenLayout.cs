using TorchSharp;

namespace QatKit.Quantization.Layout;

/// <summary>Where the tokens of a right-padded batch are: the map between [B·S, H] with padding and [T, H] without.</summary>
/// <remarks>Everything but attention works on the T real tokens, so padding costs no arithmetic and never reaches a
/// calibrator. S is the longest sequence of the batch, which may be shorter than the padded input.</remarks>
public sealed class TokenLayout
{
    private TokenLayout(int[] lengths)
    {
        Lengths = lengths;
        Longest = lengths.Max();
        Offsets = new int[lengths.Length + 1];
        for (var b = 0; b < lengths.Length; b++) Offsets[b + 1] = Offsets[b] + lengths[b];
        SlotOfToken = new int[Tokens];
        TokenOfSlot = new int[Sequences * Longest];
        Array.Fill(TokenOfSlot, -1);
        for (var b = 0; b < lengths.Length; b++)
        {
            for (var s = 0; s < lengths[b]; s++)
            {
                SlotOfToken[Offsets[b] + s] = b * Longest + s;
                TokenOfSlot[b * Longest + s] = Offsets[b] + s;
            }
        }
    }

    /// <summary>Length of each sequence, [B].</summary>
    public int[] Lengths { get; }

    /// <summary>First token of each sequence and, last, T: [B + 1].</summary>
    public int[] Offsets { get; }

    /// <summary>B.</summary>
    public int Sequences => Lengths.Length;

    /// <summary>S, the longest sequence.</summary>
    public int Longest { get; }

    /// <summary>T, tokens without padding.</summary>
    public int Tokens => Offsets[^1];

    /// <summary>True when no sequence is padded, so that [T, H] is [B·S, H].</summary>
    public bool IsDense => Tokens == Sequences * Longest;

    /// <summary>Padded slot b·S + s of each token, [T].</summary>
    public int[] SlotOfToken { get; }

    /// <summary>Token of each padded slot, −1 for padding, [B·S].</summary>
    public int[] TokenOfSlot { get; }

    /// <summary>Builds the layout of sequences of the given lengths.</summary>
    /// <exception cref="ArgumentException">No sequence, or an empty one.</exception>
    public static TokenLayout FromLengths(IReadOnlyList<int> lengths)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        if (lengths.Count == 0 || lengths.Any(n => n < 1))
            throw new ArgumentException("A batch needs at least one sequence, and each at least one token.", nameof(lengths));
        return new TokenLayout([.. lengths]);
    }

    /// <summary>Position 0.. of each token in its sequence, [T].</summary>
    public long[] Positions()
    {
        var positions = new long[Tokens];
        for (var b = 0; b < Sequences; b++)
            for (var s = 0; s < Lengths[b]; s++)
                positions[Offsets[b] + s] = s;
        return positions;
    }

    /// <summary>Additive attention bias [B, 1, 1, S]: 0 for tokens, −∞ for padding.</summary>
    public torch.Tensor KeyBias(torch.Device device)
    {
        var bias = new float[Sequences * Longest];
        for (var i = 0; i < bias.Length; i++) bias[i] = TokenOfSlot[i] >= 0 ? 0f : float.NegativeInfinity;
        return torch.tensor(bias, [Sequences, 1, 1, Longest], device: device);
    }
}
