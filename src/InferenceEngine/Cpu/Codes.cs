using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>A destination for codes of either width, row-major, with its quantizer.</summary>
/// <param name="Pointer">sbyte or short elements.</param>
/// <param name="Width">Which of the two.</param>
/// <param name="Quantizer">Scale of the codes.</param>
internal readonly unsafe record struct Codes(nint Pointer, CodeWidth Width, QuantizationParameters Quantizer)
{
    public sbyte* Int8 => (sbyte*)Pointer;

    public short* Int16 => (short*)Pointer;
}
