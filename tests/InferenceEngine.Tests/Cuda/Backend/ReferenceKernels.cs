using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Tests.Cuda.Driver;

namespace QatKit.InferenceEngine.Tests.Cuda.Backend;

/// <summary>Does what each kernel's contract says, with the scalar functions of Core, on the memory of the fake device. It proves the
/// host side: parameters, addresses, pitches, packing, order. The kernels themselves are proven by emulation.</summary>
internal sealed partial class ReferenceKernels(FakeCudaDriver driver)
{
    public void Launch(CudaLaunch launch)
    {
        var constants = Constant().Matches(launch.Function.Module.Name)
            .ToDictionary(m => m.Groups[1].Value, m => int.Parse(m.Groups[2].ValueSpan, CultureInfo.InvariantCulture));
        switch (launch.Function.Name)
        {
            case "embed_layernorm":
                Embedding(Read<EmbeddingParameters>(launch), constants["HIDDEN"], launch.Grid.X);
                break;
            case "layernorm":
                var norm = Read<LayerNormParameters>(launch);
                for (var row = 0; row < launch.Grid.X; row++)
                    Normalize(norm, row, driver.View<float>(norm.R + (ulong)row * (ulong)norm.Pitch * 4, constants["HIDDEN"]).ToArray());
                break;
            case "gemm_s8":
                GemmInt8(Read<GemmParameters>(launch), constants, launch);
                break;
            case "gemm_s8_sm90":
                GemmInt8(Read<GemmSm90Parameters>(launch).Gemm, constants, launch);
                break;
            case "gemm_s16":
                GemmInt16(Read<GemmParameters>(launch), constants, launch);
                break;
            case "attention":
                Attention(Read<AttentionParameters>(launch), constants, launch.Grid);
                break;
            default:
                Assert.Fail($"unknown kernel {launch}");
                break;
        }
    }

    private static T Read<T>(CudaLaunch launch)
        where T : unmanaged
    {
        Assert.Equal(Marshal.SizeOf<T>(), launch.Arguments.Bytes.Length);
        return MemoryMarshal.Read<T>(launch.Arguments.Bytes);
    }

    private void Embedding(EmbeddingParameters p, int hidden, int rows)
    {
        for (var row = 0; row < rows; row++)
        {
            var word = TableRow(p.Word, driver.View<int>(p.Ids, rows)[row], hidden);
            var position = TableRow(p.Position, driver.View<int>(p.Positions, rows)[row], hidden);
            var type = TableRow(p.Type, driver.View<int>(p.Types, rows)[row], hidden);
            Normalize(p.Norm, row, [.. Enumerable.Range(0, hidden).Select(c => word[c] + position[c] + type[c])]);
        }
    }

    private float[] TableRow(TableParameters table, int row, int hidden)
    {
        if (table.Values != 0) return driver.View<float>(table.Values + (ulong)row * (ulong)hidden * 4, hidden).ToArray();
        var scale = driver.View<float>(table.RowScale, row + 1)[row];
        return [.. driver.View<sbyte>(table.Codes + (ulong)row * (ulong)hidden, hidden).ToArray().Select(c => c * scale)];
    }

    private void Normalize(LayerNormParameters p, int row, float[] r)
    {
        var f = Array.ConvertAll(r, v => IntegerLayerNorm.ToFixed(v, p.Grid));
        long s1 = f.Sum(v => (long)v), s2 = f.Sum(v => (long)v * v);
        var rs = IntegerLayerNorm.ReciprocalStd(s1, s2, r.Length, p.Epsilon);
        var gamma = driver.View<float>(p.Gamma, r.Length);
        var beta = driver.View<float>(p.Beta, r.Length);
        var output = driver.View<float>(p.H + (ulong)(row * p.Pitch) * 4, r.Length);
        var codes8 = p.Codes8 == 0 ? [] : driver.View<sbyte>(p.Codes8 + (ulong)(row * p.Codes8Pitch), r.Length);
        var codes16 = p.Codes16 == 0 ? [] : driver.View<short>(p.Codes16 + (ulong)(row * p.Codes16Pitch) * 2, r.Length);
        for (var i = 0; i < r.Length; i++)
        {
            var h = MathF.FusedMultiplyAdd((float)((long)r.Length * f[i] - s1) * rs, gamma[i], beta[i]);
            output[i] = h;
            if (!codes8.IsEmpty) codes8[i] = AffineQuantizer.Quantize(h, p.Inverse8);
            if (!codes16.IsEmpty) codes16[i] = AffineQuantizer.QuantizeInt16(h, p.Inverse16);
        }
    }

    private void GemmInt8(GemmParameters p, Dictionary<string, int> constants, CudaLaunch launch)
    {
        // The grid covers the output, and a launch has the threads of its variant.
        var (tileFeatures, tileTokens) = (constants.GetValueOrDefault("TILE_F", 256), constants.GetValueOrDefault("TILE_T", 128));
        Assert.Equal(new Dim3((p.Features + tileFeatures - 1) / tileFeatures, (p.Tokens + tileTokens - 1) / tileTokens, launch.Grid.Z), launch.Grid);
        Assert.Equal(new Dim3(constants.TryGetValue("WARPS_F", out var warps) ? 32 * warps * constants["WARPS_T"] : 384), launch.Block);
        Assert.Equal(0, p.XPitch % 16);
        Assert.Equal(0, p.YPitch % 4);
        Assert.All([p.X, p.Weight, p.Multiplier, p.Bias, p.Inverse, p.Residual, p.Y, p.Partial], a => Assert.Equal(0UL, a % 16));
        if (launch.Grid.Z > 1)
        {
            var tiles = launch.Grid.X * launch.Grid.Y;
            Assert.False(driver.View<int>(p.Partial, (long)tiles * tileFeatures * tileTokens).ContainsAnyExcept(0));
            Assert.False(driver.View<int>(p.Arrivals, tiles).ContainsAnyExcept(0));
        }

        // Per-feature vectors are padded to a whole group of 32.
        var padded = (p.Features + 31) / 32 * 32;
        Assert.All([p.Multiplier, p.Bias, p.Inverse], a => driver.View<float>(a, padded));
        var sparse = constants["SPARSE"] == 1;
        var weights = PackedWeights.Unpack(driver.View<byte>(p.Weight, PackedWeights.Bytes(p.Features, p.Depth, sparse)), p.Features, p.Depth, sparse);
        for (var row = 0; row < p.Tokens; row++)
        {
            var x = driver.View<sbyte>(p.X + (ulong)SourceRow(p, row) * (ulong)p.XPitch, p.Depth).ToArray();
            StoreRow(p, constants, row, (n, multiplier, bias) => IntegerGemm.Epilogue(IntegerGemm.Dot(x, weights.AsSpan(n * p.Depth, p.Depth)), multiplier, bias));
        }
    }

    private void GemmInt16(GemmParameters p, Dictionary<string, int> constants, CudaLaunch launch)
    {
        Assert.Equal(new Dim3((p.Features + 3) / 4, p.Tokens), launch.Grid);
        var weights = driver.View<short>(p.Weight, p.Features * p.Depth).ToArray();
        for (var row = 0; row < p.Tokens; row++)
        {
            var x = driver.View<short>(p.X + (ulong)SourceRow(p, row) * (ulong)p.XPitch * 2, p.Depth).ToArray();
            StoreRow(p, constants, row, (n, multiplier, bias) => IntegerGemm.Epilogue(IntegerGemm.Dot(x, weights.AsSpan(n * p.Depth, p.Depth)), multiplier, bias));
        }
    }

    private int SourceRow(GemmParameters p, int row) => p.RowIndex == 0 ? row : driver.View<int>(p.RowIndex, row + 1)[row];

    private void StoreRow(GemmParameters p, Dictionary<string, int> constants, int row, Func<int, float, float, float> epilogue)
    {
        var multiplier = driver.View<float>(p.Multiplier, p.Features);
        var bias = driver.View<float>(p.Bias, p.Features);
        var inverse = driver.View<float>(p.Inverse, p.Features);
        var residual = constants["RESIDUAL"] == 1 ? driver.View<float>(p.Residual + (ulong)(row * p.ResidualPitch) * 4, p.Features) : [];
        var type = (OutputType)constants["OUTPUT"];
        var int8 = type == OutputType.Int8 ? driver.View<sbyte>(p.Y + (ulong)(row * p.YPitch), p.Features) : [];
        var int16 = type == OutputType.Int16 ? driver.View<short>(p.Y + (ulong)(row * p.YPitch) * 2, p.Features) : [];
        var floats = type == OutputType.Float32 ? driver.View<float>(p.Y + (ulong)(row * p.YPitch) * 4, p.Features) : [];
        for (var n = 0; n < p.Features; n++)
        {
            var y = epilogue(n, multiplier[n], bias[n]);
            y = (GemmActivation)constants["ACTIVATION"] switch
            {
                GemmActivation.Gelu => ElementwiseFunctions.Gelu(y),
                GemmActivation.Tanh => ElementwiseFunctions.Tanh(y),
                _ => y,
            };
            if (!residual.IsEmpty) y += residual[n];
            if (!int8.IsEmpty) int8[n] = AffineQuantizer.Quantize(y, inverse[n]);
            else if (!int16.IsEmpty) int16[n] = AffineQuantizer.QuantizeInt16(y, inverse[n]);
            else floats[n] = y;
        }
    }

    private void Attention(AttentionParameters p, Dictionary<string, int> constants, Dim3 grid)
    {
        var d = constants["HEAD_DIM"];
        var offsets = driver.View<int>(p.Offsets, grid.Z + 1).ToArray();
        sbyte[] Codes(ulong address, int token, int head) => driver.View<sbyte>(address + (ulong)(token * p.QkvPitch + head * d), d).ToArray();
        for (var b = 0; b < grid.Z; b++)
        {
            int start = offsets[b], length = offsets[b + 1] - start;
            Assert.InRange(length, 0, grid.X * 16 * constants["WARPS"] / constants["SPLIT"]);
            for (var head = 0; head < grid.Y; head++)
            {
                var keys = Enumerable.Range(start, length).Select(t => Codes(p.K, t, head)).ToArray();
                var values = Enumerable.Range(start, length).Select(t => Codes(p.V, t, head)).ToArray();
                for (var i = 0; i < length; i++)
                {
                    var query = Codes(p.Q, start + i, head);
                    var codes = new byte[length];
                    var z = IntegerSoftmax.Codes(Array.ConvertAll(keys, key => IntegerGemm.Dot(query, key)), p.ScoreMultiplier, codes);
                    for (var c = 0; c < d; c++)
                    {
                        var acc = 0;
                        for (var j = 0; j < length; j++) acc += codes[j] * values[j][c];
                        var at = (start + i) * p.ContextPitch + head * d + c;
                        var context = IntegerSoftmax.Context(acc, p.ValueScale, z);
                        if (constants["OUTPUT"] == (int)OutputType.Int8) driver.View<sbyte>(p.Context, at + 1)[at] = AffineQuantizer.Quantize(context, p.Inverse);
                        else driver.View<short>(p.Context, at + 1)[at] = AffineQuantizer.QuantizeInt16(context, p.Inverse);
                    }
                }
            }
        }
    }

    [GeneratedRegex(@"(\w+)=(-?\d+)")]
    private static partial Regex Constant();
}
