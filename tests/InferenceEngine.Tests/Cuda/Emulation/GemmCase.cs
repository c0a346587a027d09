using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Cuda.Packing;
using QatKit.Sparsity;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Cuda.Emulation;

/// <summary>One linear layer and its input, run by an emulated kernel and by the scalar reference.</summary>
internal sealed class GemmCase
{
    public required int Features { get; init; }

    public required int Depth { get; init; }

    public required sbyte[] X { get; init; }

    public required sbyte[] Weights { get; init; }

    public required WeightMask? Mask { get; init; }

    public required float[] Multiplier { get; init; }

    public required float[] Bias { get; init; }

    public required float[] Inverse { get; init; }

    public int[]? RowIndex { get; set; }

    private int Tokens => RowIndex?.Length ?? X.Length / Depth;

    /// <summary>Random codes with ±127 among them; the same shape gives the same case.</summary>
    public static GemmCase Random(int tokens, int features, int depth, bool sparse24)
    {
        var random = new Random(tokens * 7919 + features * 104729 + depth * 31 + (sparse24 ? 1 : 0));
        sbyte Code() => (sbyte)random.Next(-127, 128);
        float[] Floats(float low, float high)
        {
            var values = new float[features];
            for (var i = 0; i < features; i++) values[i] = low + (high - low) * random.NextSingle();
            return values;
        }

        var weights = new sbyte[features * depth];
        for (var i = 0; i < weights.Length; i++) weights[i] = Code();
        WeightMask? mask = null;
        if (sparse24)
        {
            ReadOnlySpan<byte> pairs = [0b0011, 0b0101, 0b1001, 0b0110, 0b1010, 0b1100];
            var bits = new byte[features * depth / 8];
            for (var i = 0; i < bits.Length; i++) bits[i] = (byte)(pairs[random.Next(6)] | pairs[random.Next(6)] << 4);
            mask = new WeightMask("2:4", features, depth, bits);
            for (var i = 0; i < weights.Length; i++)
            {
                // A kept code may be 0 too.
                if (!mask.IsKept(i / depth, i % depth) || random.Next(16) == 0) weights[i] = 0;
            }
        }

        var x = new sbyte[tokens * depth];
        for (var i = 0; i < x.Length; i++) x[i] = Code();
        var typical = 1f / (73 * 73 * MathF.Sqrt(depth)); // brings outputs near 1
        return new GemmCase
        {
            Features = features,
            Depth = depth,
            X = x,
            Weights = weights,
            Mask = mask,
            Multiplier = Floats(0.8f * typical, 1.2f * typical),
            Bias = Floats(-0.5f, 0.5f),
            Inverse = Floats(40f, 60f),
        };
    }

    /// <summary>Runs gemm_s8 and compares every output bit.</summary>
    public void Check(GemmVariant variant, int splits, EmulationOrder order)
    {
        using var memory = new DeviceMemory();
        Check(memory, variant.Define(), variant.Epilogue, variant.Grid(Tokens, Features, splits), variant.Tile.Features * variant.Tile.Tokens, order, "GemmParams", p => p);
    }

    /// <summary>Runs gemm_s8_sm90 and compares every output bit.</summary>
    public void Check(WarpgroupGemmVariant variant, int splits, EmulationOrder order)
    {
        using var memory = new DeviceMemory();
        Check(memory, variant.Define(), variant.Epilogue, variant.Grid(Tokens, Features, splits), variant.Tile.Features * WarpgroupTile.Tokens, order, "GemmSm90Params", p =>
        {
            var parameters = new GemmSm90Parameters { Gemm = p };
            // The emulation's stand-in for a tensor map: base, columns, rows, pitch, rows of a box.
            ulong[] map = [p.X, (ulong)Depth, (ulong)Tokens, (ulong)p.XPitch, (ulong)variant.Tile.BoxTokens];
            for (var i = 0; i < map.Length; i++) parameters.Tokens[i] = map[i];
            return parameters;
        });
    }

    private void Check<T>(DeviceMemory memory, KernelDefinition definition, GemmEpilogue epilogue, LaunchGrid grid, int tileElements, EmulationOrder order, string structure, Func<GemmParameters, T> complete)
        where T : unmanaged
    {
        var parameters = Parameters(memory);
        var tiles = grid.Z > 1 ? grid.Tiles : 0;
        parameters.Partial = memory.Zeros<int>(tiles * tileElements);
        parameters.Arrivals = memory.Zeros<int>(tiles);
        Compare(memory, epilogue, $"{definition}, T {Tokens}, N {Features}, K {Depth}, splits {grid.Z}, {order}", y =>
        {
            parameters.Y = y;
            EmulatedKernel.Get(definition, structure).Launch(grid, complete(parameters), order);
        });
        Assert.All(DeviceMemory.Download<int>(parameters.Arrivals, tiles), n => Assert.Equal(0, n));
        Assert.All(DeviceMemory.Download<int>(parameters.Partial, tiles * tileElements), n => Assert.Equal(0, n));
    }

    private int YPitch => (Features + 3) / 4 * 4 + 4;

    private GemmParameters Parameters(DeviceMemory memory)
    {
        var packed = Mask is null
            ? DenseWeightPacker.Pack(Weights, Features, Depth)
            : SparseWeightPacker.Pack(Sparse24Matrix.Pack(Weights, Features, Depth));
        var xPitch = (Depth + 15) / 16 * 16;
        return new GemmParameters
        {
            X = memory.UploadRows<sbyte>(X, Depth, xPitch),
            RowIndex = RowIndex is null ? 0 : memory.Upload(RowIndex),
            Weight = memory.Upload(packed),
            Multiplier = memory.Upload(WeightLayout.PadFeatures(Multiplier)),
            Bias = memory.Upload(WeightLayout.PadFeatures(Bias)),
            Inverse = memory.Upload(WeightLayout.PadFeatures(Inverse)),
            Residual = memory.UploadRows<float>(Residual(), Features, YPitch + 4),
            Tokens = Tokens,
            Features = Features,
            Depth = Depth,
            XPitch = xPitch,
            YPitch = YPitch,
            ResidualPitch = YPitch + 4,
        };
    }

    // Launches into a poisoned output and compares it with the reference.
    private void Compare(DeviceMemory memory, GemmEpilogue epilogue, string context, Action<ulong> launch)
    {
        switch (epilogue.Output)
        {
            case OutputType.Int8: Run((v, inverse) => AffineQuantizer.Quantize(v, inverse)); break;
            case OutputType.Int16: Run(AffineQuantizer.QuantizeInt16); break;
            default: Run((v, _) => v); break;
        }

        void Run<T>(Func<float, float, T> store)
            where T : unmanaged
        {
            var y = memory.Allocate<T>(Tokens * YPitch);
            launch(y);
            TensorAssert.BitEqual(Expected(epilogue, Residual(), store), DeviceMemory.DownloadRows<T>(y, Tokens, Features, YPitch), Features, context);
        }
    }

    private float[] Residual()
    {
        var random = new Random(5);
        var values = new float[Tokens * Features];
        for (var i = 0; i < values.Length; i++) values[i] = 4 * random.NextSingle() - 2;
        return values;
    }

    private T[] Expected<T>(GemmEpilogue epilogue, float[] residual, Func<float, float, T> store)
    {
        var y = new T[Tokens * Features];
        for (var i = 0; i < y.Length; i++)
        {
            int token = i / Features, feature = i % Features, row = RowIndex?[token] ?? token;
            var acc = IntegerGemm.Dot(X.AsSpan(row * Depth, Depth), Weights.AsSpan(feature * Depth, Depth));
            var value = IntegerGemm.Epilogue(acc, Multiplier[feature], Bias[feature]);
            if (epilogue.Activation == GemmActivation.Gelu) value = ElementwiseFunctions.Gelu(value);
            if (epilogue.Activation == GemmActivation.Tanh) value = ElementwiseFunctions.Tanh(value);
            if (epilogue.Residual) value += residual[i];
            y[i] = store(value, Inverse[feature]);
        }

        return y;
    }
}
