using BenchmarkDotNet.Running;
using QatKit.Benchmarks.Training;

// "qat-step": the quick ratio of a QAT step to a float32 step; anything else goes to BenchmarkDotNet.
if (args is ["qat-step"]) QatStepQuick.Run(Console.Out);
else BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
