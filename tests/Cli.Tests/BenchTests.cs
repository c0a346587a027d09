using System.Text.Json;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Verbs;
using QatKit.Comparison;
using QatKit.Comparison.Measuring;
using QatKit.InferenceEngine.Benchmarking;
using QatKit.TestKit;

namespace QatKit.Cli.Tests;

public sealed class BenchTests
{
    [Fact]
    public async Task Json_has_percentiles_in_order_and_throughput_that_follows_from_them()
    {
        var (code, output, error) = await CliRunner.Run("bench", "--shape", "1x32x2x64", "--batch", "2", "--seq", "8", "--threads", "1", "--warmup", "1", "--iterations", "5", "--sparse24", "--json");
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        using var json = JsonDocument.Parse(output);
        double Of(string name) => json.RootElement.GetProperty(name).GetDouble();
        Assert.True(Of("p50Milliseconds") > 0 && Of("p50Milliseconds") <= Of("p95Milliseconds") && Of("p95Milliseconds") <= Of("p99Milliseconds"));
        Assert.Equal(16 / Of("p50Milliseconds") * 1000, Of("tokensPerSecond"), 1e-6 * Of("tokensPerSecond"));
        Assert.True(json.RootElement.GetProperty("options").GetProperty("sparse24").GetBoolean());
    }

    [Fact]
    public async Task Plain_text_names_shape_and_backend()
    {
        var (code, output, _) = await CliRunner.Run("bench", "--shape", "1x32x2x64", "--seq", "8", "--iterations", "2", "--tier", "scalar");
        Assert.Equal(ExitCode.Ok, code);
        var lines = output.Split('\n');
        Assert.Equal("shape      1x32x2x64, batch 1, 8 tokens, dense", lines[1]);
        Assert.StartsWith("backend    CPU, Scalar kernels", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_shape_gets_a_suggestion()
    {
        var (code, output, error) = await CliRunner.Run("bench", "--shape", "bert-bas");
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.StartsWith("error QK5053 shape: 'bert-bas' is not a model shape. Did you mean 'bert-base'?", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_option_that_is_not_a_number_is_a_usage_error()
    {
        var (code, output, error) = await CliRunner.Run("bench", "--batch", "two");
        Assert.Equal((ExitCode.Usage, "", "Cannot parse argument 'two' for option '--batch' as expected type 'System.Int32'.\n\n"), (code, output, error));
    }

    [Fact]
    public async Task A_comparison_with_onnxruntime_names_every_form_and_writes_a_page()
    {
        using var folder = new TempFolder();
        var page = folder.Combine("page.md");
        var (code, output, error) = await CliRunner.Run("bench", "--vs-onnxruntime", "--shape", "1x32x2x64", "--seq", "8", "--threads", "1", "--iterations", "2", "--sparse24", "--json", "--markdown", page);
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        using var json = JsonDocument.Parse(output);
        Assert.Equal("1x32x2x64 with random 2:4 weights", json.RootElement.GetProperty("model").GetString());
        Assert.Equal(10, json.RootElement.GetProperty("forms").GetArrayLength());
        Assert.All(json.RootElement.GetProperty("final").EnumerateArray(), c => Assert.Equal(1, c.GetProperty("threads").GetInt32()));
        Assert.Contains("`qatkit bench --vs-onnxruntime --shape 1x32x2x64 --seq 8 ", File.ReadAllText(page), StringComparison.Ordinal);
    }

    [Fact]
    public void A_comparison_as_text_says_what_ran()
    {
        var timing = new Timing(1, 2, 3, 20);
        var output = new StringWriter();
        BenchComparison.Write(new CommandContext(output, output, isTerminal: false, noColor: true), new ComparisonResult(
            new MachineHeader("Processor", "AVX2", 2, "System", ".NET", "2026-01-01"), "1.31.1", "bert", 1, 8, 2, "CPU", [new PeakRate("vpmaddwd", 2, 100)],
            [new QualifyingForm("QAttention", "INT8", 1, true, 0.5, null, "out: wrong")],
            [new Contender("QatKit", "dense", "INT8", 1, false, null, timing, 0.85), new Contender("ONNX Runtime", "QDQ", "INT8", 2, true, 0.98765, timing, null)],
            [new SpeedRatio("QatKit dense", "ONNX Runtime INT8", "all, both", 2.5, "a note")]));
        Assert.Equal("""
            bert, batch 1, 8 tokens, up to 2 threads, ONNX Runtime 1.31.1
            Processor (AVX2), 2 logical processors, System, .NET, 2026-01-01
            CPU

            every form, timed shortly
            ONNX form  precision threads last layer  median ms cosine note
            QAttention INT8      1       first token           0.5000 out: wrong

            peak rates of the processor
            instruction threads GOP/s
            vpmaddwd    2       100.0

            measured in turn, 20 samples each
            engine       form  precision threads last layer  cosine p10 ms median ms p90 ms of peak
            QatKit       dense INT8      1       all                1.000  2.000     3.000  85 %
            ONNX Runtime QDQ   INT8      2       first token 0.9877 1.000  2.000     3.000  -

            ratios of medians
            faster       than              rows of the last layer times note
            QatKit dense ONNX Runtime INT8 all, both              2.50  a note

            """, output.ToString(), ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task A_comparison_refuses_what_it_would_ignore()
    {
        var (code, output, error) = await CliRunner.Run("bench", "--vs-onnxruntime", "--tier", "scalar");
        Assert.Equal((ExitCode.Usage, "", "--tier does not go with --vs-onnxruntime, which compares on the CPU.\n\n"), (code, output, error));
    }

    [Theory]
    [InlineData("--device", "1")]
    [InlineData("--plan", "wgmma/128x128/6/4/1")]
    [InlineData("--replays", "3")]
    [InlineData("--kernels")]
    public async Task What_only_cuda_has_is_refused_on_the_processor(params string[] option)
    {
        var (code, output, error) = await CliRunner.Run(["bench", "--shape", "1x32x2x64", .. option]);
        Assert.Equal((ExitCode.Usage, "", $"{option[0]} does not go with --backend cpu. Add --backend cuda.\n\n"), (code, output, error));
        Assert.Equal((code, output, error), await CliRunner.Run(["bench", "--shape", "1x32x2x64", "--backend", "cpu", .. option]));
    }

    [Theory]
    [InlineData("--threads", "2")]
    [InlineData("--tier", "Avx2")]
    public async Task What_only_the_processor_has_is_refused_on_cuda(params string[] option)
    {
        var (code, output, error) = await CliRunner.Run(["bench", "--shape", "1x32x2x64", "--backend", "cuda", .. option]);
        Assert.Equal((ExitCode.Usage, "", $"{option[0]} does not go with --backend cuda. Add --backend cpu.\n\n"), (code, output, error));
        (code, output, error) = await CliRunner.Run(["bench", "--shape", "1x32x2x64", "--backend", "auto", "--kernels", .. option]);
        Assert.Equal((ExitCode.Usage, "", $"--kernels does not go with {option[0]}, which chooses the CPU. Leave one of them out.\n\n"), (code, output, error));
    }

    [Theory]
    [InlineData("--shape", "bert-base")]
    [InlineData("--sparse24")]
    public async Task A_model_has_its_own_shape_and_weights(params string[] option)
    {
        var (code, output, error) = await CliRunner.Run(["bench", "--vs-onnxruntime", "--model", "model", .. option]);
        Assert.Equal((ExitCode.Usage, "", $"{option[0]} does not go with --model, whose shape and weights are measured.\n\n"), (code, output, error));
    }

    [Fact]
    public async Task A_page_without_a_comparison_is_a_usage_error()
    {
        var (code, output, error) = await CliRunner.Run("bench", "--markdown", "page.md");
        Assert.Equal((ExitCode.Usage, "", "--markdown needs --vs-onnxruntime.\n\n"), (code, output, error));
    }
}
