using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.Comparison.Tests;

public sealed class EngineComparisonTests
{
    private static readonly ComparisonOptions Options = new()
    {
        Model = "small",
        Graph = SyntheticGraph.Create(new BertArchitecture(1, 32, 2, 64, 20, 8, 2, 2), 1, sparse24: true),
        SequenceLength = 8,
        Threads = 1,
        Rounds = 2,
    };

    [Fact]
    public void A_result_follows_from_its_own_measurements()
    {
        List<string> steps = [];
        var result = EngineComparison.Run(Options, new Steps(steps), cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal("1.31.1", result.OnnxRuntime);
        Assert.All(result.Forms, f => Assert.Equal("", f.Note));
        Assert.Equal([false, true], result.Final.Where(c => c is { Engine: "QatKit", Form: "2:4" }).Select(c => c.FirstTokenOnly).Order());
        double Median(string engine, string precision, string form, bool firstOnly) => result.Final
            .Where(c => c.Engine == engine && c.Precision == precision && c.FirstTokenOnly == firstOnly && (form.Length == 0 || c.Form == form))
            .Min(c => c.Timing.MedianMilliseconds);
        SpeedRatio Ratio(string faster, string slower, string rows) => Assert.Single(result.Ratios, r => r.Faster == faster && r.Slower == slower && r.Rows == rows);
        Assert.Equal(Median("ONNX Runtime", "INT8", "", false) / Median("QatKit", "INT8", "dense", false), Ratio("QatKit dense", "ONNX Runtime INT8", "all, both").Ratio);
        Assert.Equal(Median("ONNX Runtime", "INT8", "", true) / Median("QatKit", "INT8", "2:4", true), Ratio("QatKit 2:4", "ONNX Runtime INT8", "first token, both").Ratio);
        Assert.Equal(Median("ONNX Runtime", "FP32", "", false) / Median("QatKit", "INT8", "dense", true), Ratio("QatKit dense", "ONNX Runtime FP32", "first token : all").Ratio);
        Assert.Equal(Median("QatKit", "INT8", "dense", true) / Median("QatKit", "INT8", "2:4", true), Ratio("QatKit 2:4", "QatKit dense", "first token, both").Ratio);
        // Shares of the processor's peak, which takes its turn with the others.
        if (result.Final.SingleOrDefault(c => c.Engine == "processor") is { } peak)
        {
            Assert.All(result.Final, c => Assert.Equal(
                c is { FirstTokenOnly: false, Precision: "INT8" } and not { Form: "2:4" } ? peak.Timing.MedianMilliseconds / c.Timing.MedianMilliseconds : null, c.PeakShare));
        }

        Assert.Equal(12, steps.Count);
        Assert.Equal("qualifying: INT8, QDQ, as QatKit exports it", steps[9]);
        Assert.Equal("qualifying: INT8, QAttention, DynamicQuantizeMatMul, s8 weights", steps[4]);
    }

    [Fact]
    public void Wrong_counts_are_refused_together()
    {
        var error = Assert.Throws<QatKitException>(() => EngineComparison.Run(Options with { Batch = 0, Threads = -1, Rounds = 0 }, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(string.Join(Environment.NewLine,
            "3 problems:",
            "QK5054 batch: 0 is too small; at least 1 is needed.",
            "QK5054 threads: -1 is too small; at least 1 is needed.",
            "QK5054 iterations: 0 is too small; at least 1 is needed."), error.Message);
    }

    [Fact]
    public void A_sequence_beyond_the_model_is_refused()
    {
        var error = Assert.Throws<QatKitException>(() => EngineComparison.Run(Options with { SequenceLength = 9 }, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal("QK5002 batch[0]: the sequence has 9 tokens, the model's limit is 8. Truncate the text.", error.Message);
    }

    [Fact]
    public void A_page_has_every_ratio_form_and_contender()
    {
        var machine = new MachineHeader("Processor", "AVX2", 2, "System", ".NET", "2026-01-01");
        var timing = new Measuring.Timing(1, 2, 3, 20);
        var page = ComparisonMarkdown.Write(new ComparisonResult(machine, "1.31.1", "bert", 1, 8, 2, "CPU", [new PeakRate("vpmaddwd", 2, 100)],
            [new QualifyingForm("MatMul", "FP32", 0.99, 4, ""), new QualifyingForm("QAttention", "INT8", 0, null, "refused: why")],
            [new Contender("QatKit", "dense", "INT8", false, timing, 0.85), new Contender("ONNX Runtime", "MatMul", "FP32", true, timing, null)],
            [new SpeedRatio("QatKit dense", "ONNX Runtime FP32", "all, both", 2.5)]), "qatkit bench");
        Assert.Equal("""
            # bert, batch 1, 8 tokens, 2 threads

            Processor (AVX2), 2 logical processors, System, .NET, 2026-01-01; ONNX Runtime 1.31.1. CPU.

            `qatkit bench`

            ## How many times faster

            | | against | rows of the last layer | ratio of medians |
            |---|---|---|---|
            | QatKit dense | ONNX Runtime FP32 | all, both | **2.50** |

            "All": both compute every row of the last layer. "First token": both compute there, after attention, only the rows that the
            pooler reads. "First token : all": what each does with the model as exported.

            ## Measured in turn

            | engine | form | precision | last layer | p10 ms | median ms | p90 ms | samples | of peak |
            |---|---|---|---|---|---|---|---|---|
            | QatKit | dense | INT8 | all | 1.000 | 2.000 | 3.000 | 20 | 85 % |
            | ONNX Runtime | MatMul | FP32 | first token | 1.000 | 2.000 | 3.000 | 20 |  |

            ## Peak rates of the processor, same run

            | instruction | threads | GOP/s |
            |---|---|---|
            | vpmaddwd | 2 | 100.0 |

            ## All forms of the ONNX graph, timed shortly

            | precision | form | median ms | cosine with QatKit's answer | |
            |---|---|---|---|---|
            | FP32 | MatMul | 4.000 | 0.9900 |  |
            | INT8 | QAttention |  | 0.0000 | refused: why |

            """, page, ignoreLineEndingDifferences: true);
    }

    private sealed class Steps(List<string> list) : IProgress<string>
    {
        public void Report(string value) => list.Add(value);
    }
}
