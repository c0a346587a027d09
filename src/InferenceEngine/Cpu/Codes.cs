using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>A destination for codes of either width, row-major, with its quantizer.</summary>
/// <param name="pointer">sbyte or short elements.</param>
/// <param name="width">Which of the two.</param>
/// <param name="quantizer">Scale of the codes.</param>
internal readonly unsafe struct Codes(nint pointer, CodeWidth width, QuantizationParameters quantizer)
{
    public nint Pointer { get; } = pointer;

    public CodeWidth Width { get; } = width;

    public QuantizationParameters Quantizer { get; } = quantizer;

    public sbyte* Int8 => (sbyte*)Pointer;

    public short* Int16 => (short*)Pointer;
}
