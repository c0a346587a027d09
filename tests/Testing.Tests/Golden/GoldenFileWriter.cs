using System.Globalization;
using System.Text;
using QatKit.Testing.Golden;
using QatKit.TestKit;

namespace QatKit.Testing.Tests.Golden;

/// <summary>Wrote golden-v1.txt once. A new numerics version gets a new file; this one stays as it is.</summary>
public sealed class GoldenFileWriter
{
    private const int Seed = 20250101;

    [Fact(Explicit = true)]
    public void Write() =>
        File.WriteAllText(RepositoryRoot.Combine("src", "Testing", "Golden", "golden-v1.txt"), Generate());

    [Fact]
    public void The_frozen_file_is_what_the_writer_writes() =>
        Assert.Equal(Generate(), File.ReadAllText(RepositoryRoot.Combine("src", "Testing", "Golden", "golden-v1.txt")));

    private static string Generate()
    {
        var random = new Random(Seed);
        var text = new StringBuilder("""
            # Golden vectors of numerics version 1: function arguments = result.
            # Floats are IEEE bits in hexadecimal, integers are decimal. Frozen: a change here is a new numerics version.

            """.ReplaceLineEndings("\n"));

        void Add(string function, params string[] arguments) =>
            text.Append(function).Append(' ').AppendJoin(' ', arguments).Append(" = ").Append(GoldenFunctions.Evaluate(function, arguments)).Append('\n');

        float Next(float low, float high) => low + (high - low) * random.NextSingle();
        string F(float v) => GoldenFunctions.Show(v);
        string I(long v) => v.ToString(CultureInfo.InvariantCulture);

        float[] amaxes = [0f, 1f, 127f, 4.1f, 0.3f, 1e-3f, 1e-30f, 1e30f, 6.55f];
        foreach (var amax in amaxes)
        {
            Add("scale8", F(amax));
            Add("scale16", F(amax));
            foreach (var x in QuantizeArguments(amax, 127, random)) Add("quantize8", F(amax), F(x));
            foreach (var x in QuantizeArguments(amax, 32767, random)) Add("quantize16", F(amax), F(x));
        }

        foreach (var amax in (float[])[1f, 3f, 6.7f])
        {
            foreach (var x in Edges(3.7f * 1.41421356f).Concat(Range(100, -6, 6, random))) Add("gelu8", F(amax), F(x));
        }

        foreach (var x in Edges(9f).Concat(Range(40, -5, 5, random))) Add("tanh16", F(1f), F(x));
        foreach (var x in (float[])[0, -0f, -1, -2, -0.5f, -1.5f, MathF.BitDecrement(-0.5f), MathF.BitIncrement(-0.5f), -126, -125.5f, -125.99f, -127, -150, -float.MaxValue, -float.Epsilon])
            Add("exp2", F(x));
        foreach (var x in Range(100, -20, 0, random).Concat(Range(30, -126, -20, random))) Add("exp2", F(x));
        foreach (var function in (string[])["erf", "gelu", "tanh"])
        {
            foreach (var x in Edges(3.7f).Concat(Edges(5.2325902f)).Concat(Range(80, -6, 6, random)).Concat(Range(20, -0.01f, 0.01f, random))) Add(function, F(x));
        }

        for (var i = 0; i < 20; i++) Add("score_multiplier", F(Next(1e-3f, 1f)), F(Next(1e-3f, 1f)), I(16 << random.Next(4)));
        foreach (var delta in (int[])[0, -1, -7, -100, -1000, -16129, -1032256, -2064512])
        {
            foreach (var m in (float[])[1e-9f, 3.7e-6f, 1.1e-4f, 2.5e-3f, 0.31f]) Add("probability", I(delta), F(m));
        }

        for (var i = 0; i < 40; i++) Add("context", I(random.Next(-4_000_000, 4_000_000)), F(Next(1e-4f, 0.1f)), I(random.Next(255, 255 * 128)));
        foreach (var acc in (int[])[0, 1, -1, 16129, 16777217, -16777219, 2145157000, -2145157000, 33554435])
            Add("epilogue32", I(acc), F(Next(1e-6f, 1e-3f)), F(Next(-1f, 1f)));
        foreach (var acc in (long[])[0, 1, -1, 16777217, -16777219, 9007199254740993, -9007199791611907, 549755813889, 1073676289 * 2048L])
            Add("epilogue64", I(acc), F(Next(1e-12f, 1e-9f)), F(Next(-1f, 1f)));
        foreach (var amax in (float[])[0f, 1f, 0.25f, 10f, 1e-6f, 1e6f, 65535.9f, 65536f, 1e30f]) Add("ln_exponent", F(amax));
        foreach (var k in (int[])[-4, 0, 12, 16, 20])
        {
            foreach (var r in (float[])[0f, 0.5f, 1.5f, 2.5f, -2.5f, 1e-5f, 65535.97f, -65536f, 1e9f, float.Epsilon, 0.3333333f]) Add("ln_fixed", F(r), I(k));
        }

        foreach (var h in (int[])[32, 128, 768, 1024, 2048])
        {
            var epsilon = BitConverter.DoubleToUInt64Bits(1e-12).ToString("x16", CultureInfo.InvariantCulture);
            Add("ln_epsilon", epsilon, I(h), I(16));
            long s1 = random.Next(-1000 * h, 1000 * h), s2 = (long)h * 40000 * 40000 + random.Next();
            Add("ln_rstd", I(s1), I(s2), I(h), F(Next(0, 10)));
            Add("ln_rstd", "0", "0", I(h), F(17.59f));
            long fixedMax = (1 << 20) - 1;
            Add("ln_rstd", "0", I(h / 2 * 2 * fixedMax * fixedMax), I(h), F(17.59f));
        }

        return text.ToString();
    }

    // Ties and their neighbours, both ends of the range and beyond, zeros, denormals, and values between.
    private static IEnumerable<float> QuantizeArguments(float amax, int max, Random random)
    {
        var scale = amax == 0 ? 1f : amax / max;
        foreach (var k in (float[])[0.5f, 1.5f, 2.5f, 3.5f, 63.5f, 64.5f, max - 1.5f, max - 0.5f])
        {
            var tie = k * scale;
            foreach (var x in (float[])[tie, -tie, MathF.BitIncrement(tie), MathF.BitDecrement(tie)]) yield return x;
        }

        var end = max * scale;
        foreach (var x in (float[])[0f, -0f, end, -end, MathF.BitIncrement(end), 1.01f * end, -3f * end, float.MaxValue, -float.MaxValue, float.Epsilon, -float.Epsilon, 1.17549435e-38f]) yield return x;
        for (var i = 0; i < 20; i++) yield return end * (2.2f * random.NextSingle() - 1.1f);
    }

    private static float[] Edges(float limit) =>
    [
        0f, -0f, float.Epsilon, -float.Epsilon, 1.17549435e-38f, limit, -limit, MathF.BitIncrement(limit), MathF.BitDecrement(limit),
        MathF.BitDecrement(-limit), MathF.BitIncrement(-limit), 2 * limit, -2 * limit, 1e30f, -1e30f, float.MaxValue, -float.MaxValue, 1f, -1f, 0.5f, -0.5f,
    ];

    private static IEnumerable<float> Range(int count, float low, float high, Random random)
    {
        for (var i = 0; i < count; i++) yield return low + (high - low) * random.NextSingle();
    }
}
