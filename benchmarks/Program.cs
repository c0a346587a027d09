using System.Globalization;
using BenchmarkDotNet.Running;
using QatKit.Benchmarks.Kernels;
using QatKit.Benchmarks.Tables;
using QatKit.Benchmarks.Training;
using QatKit.InferenceEngine;

// A few quick tables of ratios (docs/performance.md); anything else goes to BenchmarkDotNet.
switch (args)
{
    case ["qat-step"]:
        QatStepQuick.Run(Console.Out);
        break;
    case ["gemm", var threads, var tier]:
        GemmTable.Run(Console.Out, Threads([threads]), Enum.Parse<CpuTier>(tier));
        break;
    case ["gemm", .. var rest]:
        GemmTable.Run(Console.Out, Threads(rest), KernelChoice.Tiers.Last());
        break;
    case ["footprint", var shape, .. var rest]:
        Footprint.Run(Console.Out, shape, Threads(rest));
        break;
    case ["footprint-load", var model, var threads]:
        Footprint.RunLoad(Console.Out, model, Threads([threads]));
        break;
    case ["footprint-ragged", var model, var threads]:
        Footprint.RunRagged(Console.Out, model, Threads([threads]));
        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        break;
}

static int Threads(string[] rest) => rest is [var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 2;
