using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>How the bytes of <see cref="PackedLinear.Weights"/> are laid out.</summary>
internal enum WeightLayout
{
    /// <summary>int8 codes, row-major [N, K].</summary>
    Int8Rows,

    /// <summary>int16 codes, row-major [N, K].</summary>
    Int16Rows,

    /// <summary>2:4, row-major: the kept codes [N, K/2], then their 2-bit positions within the group of four [N, K/8].</summary>
    Sparse24Rows,

    /// <summary>Blocks of 16 columns in the dense layout of the kernel set that packed them.</summary>
    DenseBlocks,

    /// <summary>Blocks of 16 columns in the 2:4 layout of the kernel set that packed them.</summary>
    Sparse24Blocks,
}

/// <summary>A linear layer in the layout of one kernel set. N and K are the layer's; vectors are padded to whole blocks.</summary>
internal sealed unsafe class PackedLinear
{
    /// <summary>Columns of N that are computed together; also the unit in which threads share N.</summary>
    public const int BlockColumns = 16;

    public PackedLinear(QuantizedLinear layer, WeightLayout layout, long weightBytes)
    {
        Name = layer.Name;
        Out = layer.Out;
        In = layer.In;
        Width = layer.Width;
        Input = layer.Input;
        Layout = layout;
        Weights = new AlignedBuffer(weightBytes);
        BlockBytes = (nint)(weightBytes / Blocks);
        Bias = Padded(layer.Bias);
        Multipliers = Padded(layer.Multipliers());
    }

    public string Name { get; }

    /// <summary>N.</summary>
    public int Out { get; }

    /// <summary>K.</summary>
    public int In { get; }

    public CodeWidth Width { get; }

    /// <summary>Quantizer of the input codes.</summary>
    public QuantizationParameters Input { get; }

    public WeightLayout Layout { get; }

    public AlignedBuffer Weights { get; }

    /// <summary>Float bias, [Blocks · 16], zeros after N.</summary>
    public AlignedBuffer Bias { get; }

    /// <summary>m[n], [Blocks · 16], zeros after N.</summary>
    public AlignedBuffer Multipliers { get; }

    /// <summary>Blocks of 16 columns.</summary>
    public int Blocks => BlocksOf(Out);

    /// <summary>Where the weights of a block are, in a layout of blocks.</summary>
    public byte* Block(int block) => Weights.Pointer + block * BlockBytes;

    /// <summary>Bytes from one block of weights to the next, in a layout of blocks.</summary>
    public nint BlockBytes { get; }

    public bool IsBlocks => Layout is WeightLayout.DenseBlocks or WeightLayout.Sparse24Blocks;

    public bool IsSparse => Layout is WeightLayout.Sparse24Rows or WeightLayout.Sparse24Blocks;

    public static int BlocksOf(int columns) => (columns + BlockColumns - 1) / BlockColumns;

    private AlignedBuffer Padded(float[] values)
    {
        var buffer = new AlignedBuffer(Blocks * BlockColumns * sizeof(float));
        values.CopyTo(new Span<float>(buffer.Pointer, values.Length));
        return buffer;
    }
}
