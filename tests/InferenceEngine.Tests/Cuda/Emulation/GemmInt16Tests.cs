using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Cuda.Emulation;

/// <summary>gemm_s16.cu against the scalar reference.</summary>
public sealed class GemmInt16Tests
{
    private static readonly GemmEpilogue ToFloat = new(GemmActivation.None, false, OutputType.Float32);

    [Theory]
    [InlineData(1, 1, 1, false)]
    [InlineData(3, 5, 31, false)]
    [InlineData(2, 4, 32, false)]
    [InlineData(2, 3, 33, false)]
    [InlineData(2, 9, 1024, false)]
    [InlineData(2, 3, 2048, true)] // sums beyond 2^40: int64, and a rounding in the conversion to float
    public void Int16_layer_is_equal_to_the_reference(int tokens, int features, int depth, bool extreme)
    {
        Check(ToFloat, tokens, features, depth, extreme, (v, _) => v);
        Check(new GemmEpilogue(GemmActivation.Gelu, false, OutputType.Int8), tokens, features, depth, extreme, AffineQuantizer.Quantize);
        Check(new GemmEpilogue(GemmActivation.None, true, OutputType.Float32), tokens, features, depth, extreme, (v, _) => v);
    }

    private static void Check<T>(GemmEpilogue epilogue, int tokens, int features, int depth, bool extreme, Func<float, float, T> store)
        where T : unmanaged
    {
        var random = new Random(tokens + features + depth);
        short Code() => (short)(extreme ? 32767 : random.Next(-32767, 32768));
        short[] Codes(int count) => [.. Enumerable.Range(0, count).Select(_ => Code())];
        float[] Floats(int count, float scale) => [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextSingle() - 1) * scale)];
        short[] x = Codes((tokens + 2) * depth), w = Codes(features * depth);
        var rows = Enumerable.Range(0, tokens).Select(t => t + 2).ToArray();
        float[] multiplier = Floats(features, 1e-8f / MathF.Sqrt(depth)), bias = Floats(features, 0.3f), inverse = Floats(features, 90f), residual = Floats(tokens * features, 2f);
        int xPitch = depth + 3, yPitch = (features + 3) / 4 * 4 + 4, rPitch = features + 2;
        using var memory = new DeviceMemory();
        var parameters = new GemmParameters
        {
            X = memory.UploadRows<short>(x, depth, xPitch),
            RowIndex = memory.Upload(rows),
            Weight = memory.Upload(w),
            Multiplier = memory.Upload(multiplier),
            Bias = memory.Upload(bias),
            Inverse = memory.Upload(inverse),
            Residual = memory.UploadRows<float>(residual, features, rPitch),
            Y = memory.Allocate<T>(tokens * yPitch),
            Tokens = tokens,
            Features = features,
            Depth = depth,
            XPitch = xPitch,
            YPitch = yPitch,
            ResidualPitch = rPitch,
        };
        EmulatedKernel.Get(KernelLibrary.GemmInt16(epilogue), "GemmParams").Launch(new LaunchGrid((features + 3) / 4, tokens, 1), parameters);

        var expected = new T[tokens * features];
        for (var i = 0; i < expected.Length; i++)
        {
            int t = i / features, n = i % features;
            var acc = IntegerGemm.Dot(x.AsSpan(rows[t] * depth, depth), w.AsSpan(n * depth, depth));
            var value = IntegerGemm.Epilogue(acc, multiplier[n], bias[n]);
            if (epilogue.Activation == GemmActivation.Gelu) value = ElementwiseFunctions.Gelu(value);
            if (epilogue.Residual) value += residual[i];
            expected[i] = store(value, inverse[n]);
        }

        TensorAssert.BitEqual(expected, DeviceMemory.DownloadRows<T>(parameters.Y, tokens, features, yPitch), features);
    }
}
