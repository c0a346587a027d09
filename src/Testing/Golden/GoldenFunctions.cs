using System.Globalization;
using QatKit.Core.Numerics;

namespace QatKit.Testing.Golden;

/// <summary>The functions that golden vectors cover, computed by the reference.</summary>
public static class GoldenFunctions
{
    private static readonly Dictionary<string, Func<IReadOnlyList<string>, string>> Functions = new()
    {
        ["scale8"] = a => Show(QuantizationParameters.FromAmax(Float(a[0]))),
        ["scale16"] = a => Show(QuantizationParameters.FromAmax(Float(a[0]), NumericsContract.Int16Max)),
        ["quantize8"] = a => Show(AffineQuantizer.Quantize(Float(a[1]), QuantizationParameters.FromAmax(Float(a[0])).InverseScale)),
        ["quantize16"] = a => Show(AffineQuantizer.QuantizeInt16(Float(a[1]), QuantizationParameters.FromAmax(Float(a[0]), NumericsContract.Int16Max).InverseScale)),
        ["gelu8"] = a => Show(AffineQuantizer.Quantize(ElementwiseFunctions.Gelu(Float(a[1])), QuantizationParameters.FromAmax(Float(a[0])).InverseScale)),
        ["tanh16"] = a => Show(AffineQuantizer.QuantizeInt16(ElementwiseFunctions.Tanh(Float(a[1])), QuantizationParameters.FromAmax(Float(a[0]), NumericsContract.Int16Max).InverseScale)),
        ["exp2"] = a => Show(ElementwiseFunctions.Exp2(Float(a[0]))),
        ["erf"] = a => Show(ElementwiseFunctions.Erf(Float(a[0]))),
        ["gelu"] = a => Show(ElementwiseFunctions.Gelu(Float(a[0]))),
        ["tanh"] = a => Show(ElementwiseFunctions.Tanh(Float(a[0]))),
        ["score_multiplier"] = a => Show(IntegerSoftmax.ScoreMultiplier(Float(a[0]), Float(a[1]), Int(a[2]))),
        ["probability"] = a => Show(IntegerSoftmax.Code(Int(a[0]), Float(a[1]))),
        ["context"] = a => Show(IntegerSoftmax.Context(Int(a[0]), Float(a[1]), Int(a[2]))),
        ["epilogue32"] = a => Show(IntegerGemm.Epilogue(Int(a[0]), Float(a[1]), Float(a[2]))),
        ["epilogue64"] = a => Show(IntegerGemm.Epilogue(Long(a[0]), Float(a[1]), Float(a[2]))),
        ["ln_exponent"] = a => Show(IntegerLayerNorm.ExponentFor(Float(a[0]))),
        ["ln_fixed"] = a => Show(IntegerLayerNorm.ToFixed(Float(a[0]), IntegerLayerNorm.GridScale(Int(a[1])))),
        ["ln_epsilon"] = a => Show(IntegerLayerNorm.EpsilonTerm(Double(a[0]), Int(a[1]), Int(a[2]))),
        ["ln_rstd"] = a => Show(IntegerLayerNorm.ReciprocalStd(Long(a[0]), Long(a[1]), Int(a[2]), Float(a[3]))),
    };

    /// <summary>Names of the functions.</summary>
    public static IReadOnlyCollection<string> Names => Functions.Keys;

    /// <summary>What the reference answers, in the text form of the file.</summary>
    public static string Evaluate(string function, IReadOnlyList<string> arguments) => Functions[function](arguments);

    /// <summary>The float whose bits are given in hexadecimal.</summary>
    public static float Float(string bits)
    {
        ArgumentNullException.ThrowIfNull(bits);
        return BitConverter.UInt32BitsToSingle(uint.Parse(bits, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    /// <summary>Eight hexadecimal digits.</summary>
    public static string Show(float value) => BitConverter.SingleToUInt32Bits(value).ToString("x8", CultureInfo.InvariantCulture);

    private static string Show(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Show(QuantizationParameters p) => Show(p.Scale) + " " + Show(p.InverseScale);

    private static double Double(string bits) => BitConverter.UInt64BitsToDouble(ulong.Parse(bits, NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    private static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static long Long(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
