using System.Diagnostics;
using QatKit.InferenceEngine.Benchmarking;
using QatKit.TestKit;

namespace QatKit.GpuCheck.Tests;

/// <summary>The scripts of benchmarks/peers measure the shapes of this engine; without torch they say so.</summary>
public sealed class PeerScriptTests
{
    [Theory]
    [InlineData("bert_fp16.py")]
    [InlineData("int8_gemm.py")]
    public async Task A_dry_run_lists_every_shape_of_the_table(string script)
    {
        var (code, output) = await Python(script, "--dry-run");
        Assert.True(code == 0, output);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(16, lines.Length);
        foreach (var model in new[] { "bert-large", "bert-base" })
        {
            var a = ModelShape.Parse(model, 512);
            foreach (var (batch, length) in from batch in new[] { 1, 8, 32, 128 } from length in new[] { 128, 384 } select (batch, length))
            {
                int t = batch * length, h = a.Hidden, f = a.Intermediate;
                var shapes = script == "int8_gemm.py"
                    ? $"{model} b{batch} s{length}: {a.Layers} x (X[{t}, {h}] W[{3 * h}, {h}], X[{t}, {h}] W[{h}, {h}], X[{t}, {h}] W[{f}, {h}], X[{t}, {f}] W[{h}, {f}]): "
                    : $"{model} ({a.Layers}, {h}, {a.Heads}, {f}) b{batch} s{length}: ";
                Assert.Single(lines, l => l.StartsWith(shapes, StringComparison.Ordinal));
            }
        }
    }

    // A torch of little more than names stands for the real one.
    private const string StandIn = """
        import contextlib, sys, types
        sys.path.insert(0, sys.argv[1])
        import bert_fp16, common

        class Config(types.SimpleNamespace):
            def __setattr__(self, name, value):
                if not hasattr(self, name):
                    raise AttributeError(f"{name} does not exist")
                super().__setattr__(name, value)

        for setting in ("recompile_limit", "cache_size_limit"):
            config = Config(**{setting: 8})
            sys.modules["torch"] = types.SimpleNamespace(_dynamo=types.SimpleNamespace(config=config))
            sys.modules["torch._dynamo"] = sys.modules["torch"]._dynamo
            bert_fp16.allow_compilations(64)
            print(vars(config))

        class Graph:
            def replay(self):
                calls.append("replay")

        class Event:
            def __init__(self, enable_timing): pass
            def record(self): pass
            def elapsed_time(self, other): return 0.5

        @contextlib.contextmanager
        def capture(graph):
            if refused:
                raise RuntimeError("operation not permitted when stream is capturing\nsecond line")
            yield

        def ignore(*anything):
            return types.SimpleNamespace(wait_stream=ignore)

        cuda = types.SimpleNamespace(Stream=ignore, current_stream=ignore, set_stream=ignore, synchronize=ignore, stream=lambda s: contextlib.nullcontext(), CUDAGraph=Graph, graph=capture, Event=Event)
        common.MOST_REPLAYS = common.LEAST_REPLAYS = 3
        for refused in (False, True):
            calls = []
            run = common.Run.__new__(common.Run)
            run.torch, run.results, run.failures, run.environment, run.options = types.SimpleNamespace(cuda=cuda), [], [], {}, types.SimpleNamespace(out=None)
            times = run.replay_times(lambda: calls.append("call"))
            run.add("peer", "model", 1, 128, times, "a note")
            print(list(times), {c: calls.count(c) for c in calls})
        """;

    [Fact]
    public async Task An_older_torch_and_a_refused_capture_are_no_failures()
    {
        var (code, output) = await Python(["-B", "-c", StandIn, RepositoryRoot.Combine("benchmarks", "peers")]);
        Assert.True(code == 0, output);
        Assert.Equal(
            [
                "{'recompile_limit': 64}", "{'cache_size_limit': 64}",
                "peer model b1 s128: 0.5000 ms (3 replays; a note)", "[0.5, 0.5, 0.5] {'call': 4, 'replay': 9}",
                "peer model b1 s128: 0.5000 ms (3 replays; a note; call by call, for a graph was refused (RuntimeError: operation not permitted when stream is capturing))", "[0.5, 0.5, 0.5] {'call': 12}",
            ], output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static Task<(int Code, string Output)> Python(string script, string argument) => Python(["-B", RepositoryRoot.Combine("benchmarks", "peers", script), argument]);

    private static async Task<(int Code, string Output)> Python(string[] arguments)
    {
        var start = new ProcessStartInfo("python3", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("python3 is not here.");
            throw;
        }

        using (process)
        {
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return (process.ExitCode, output + await error);
        }
    }
}
