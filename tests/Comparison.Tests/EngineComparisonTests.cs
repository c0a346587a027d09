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
        Threads = 2, // Of which such a model keeps one busy.
        Rounds = 2,
    };

    [Fact]
    public void A_result_follows_from_its_own_measurements()
    {
        List<string> steps = [];
        var result = EngineComparison.Run(Options, new Steps(steps), cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal("1.31.1", result.OnnxRuntime);
        Assert.All(result.Forms, f => Assert.Equal("", f.Note));
        Assert.Equal(result.Forms.Where(f => f.Threads == 1).Select(f => f.Name), result.Forms.Where(f => f.Threads == 2).Select(f => f.Name));
        Assert.All(result.Final, c => Assert.Equal(c.Engine == "ONNX Runtime", c.Cosine is >= EngineComparison.LeastCosine));
        Assert.All(result.Final.Where(c => c.Engine == "QatKit"), c => Assert.Equal(1, c.Threads));
        Assert.Equal([false, true], result.Final.Where(c => c is { Engine: "QatKit", Form: "2:4" }).Select(c => c.FirstTokenOnly).Order());
        double Median(string engine, string precision, string form, bool firstOnly) => result.Final
            .Where(c => c.Engine == engine && c.Precision == precision && c.FirstTokenOnly == firstOnly && (form.Length == 0 || c.Form == form))
            .Min(c => c.Timing.MedianMilliseconds);
        SpeedRatio Ratio(string faster, string slower, string rows) => Assert.Single(result.Ratios, r => r.Faster == faster && r.Slower == slower && r.Rows == rows);
        Assert.Equal(Median("ONNX Runtime", "INT8", "", false) / Median("QatKit", "INT8", "dense", false), Ratio("QatKit dense", "ONNX Runtime INT8", "all, both").Ratio);
        Assert.Equal(Median("ONNX Runtime", "INT8", "", true) / Median("QatKit", "INT8", "2:4", true), Ratio("QatKit 2:4", "ONNX Runtime INT8", "first token, both").Ratio);
        Assert.Equal(Median("ONNX Runtime", "FP32", "", false) / Median("QatKit", "INT8", "dense", true), Ratio("QatKit dense", "ONNX Runtime FP32", "first token : all").Ratio);
        Assert.Equal(Median("QatKit", "INT8", "dense", true) / Median("QatKit", "INT8", "2:4", true), Ratio("QatKit 2:4", "QatKit dense", "first token, both").Ratio);
        // Shares of the processor's peak, which takes its turn with the others; so small a load is not shared in time.
        if (result.Final.FirstOrDefault(c => c is { Engine: "processor", Threads: 1 }) is { } peak)
        {
            Assert.All(result.Final, c =>
            {
                if (c is { FirstTokenOnly: false, Precision: "INT8", Threads: 1 } and not { Form: "2:4" })
                    Assert.InRange(c.PeakShare!.Value * c.Timing.MedianMilliseconds / peak.Timing.MedianMilliseconds, 0.97, 1); // A load is whole steps.
                else
                    Assert.Null(c.PeakShare);
            });
        }

        Assert.Equal(22, steps.Count);
        Assert.Equal("qualifying: INT8, QAttention, DynamicQuantizeMatMul, s8 weights, 1 thread", steps[4]);
        Assert.Equal("qualifying: INT8, QDQ, as QatKit exports it, 2 threads", steps[19]);
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
            [new QualifyingForm("MatMul", "FP32", 2, false, 0.99, 4, ""), new QualifyingForm("QAttention", "INT8", 1, true, 0, null, "refused: why")],
            [new Contender("QatKit", "dense", "INT8", 1, false, null, timing, 0.85), new Contender("ONNX Runtime", "MatMul", "FP32", 2, true, 0.98765, timing, null)],
            [new SpeedRatio("QatKit dense", "ONNX Runtime FP32", "all, both", 2.5, "a note")]), "qatkit bench");
        Assert.Equal("""
            # bert, batch 1, 8 tokens, up to 2 threads

            Processor (AVX2), 2 logical processors, System, .NET, 2026-01-01; ONNX Runtime 1.31.1. CPU.

            `qatkit bench`

            ## How many times faster

            | | against | rows of the last layer | ratio of medians | |
            |---|---|---|---|---|
            | QatKit dense | ONNX Runtime FP32 | all, both | **2.50** | a note |

            "All": both compute every row of the last layer. "First token": both compute there, after attention, only the rows that the
            pooler reads. "First token : all": what each does with the model as exported.

            ## Measured in turn

            | engine | form | precision | threads | last layer | cosine | p10 ms | median ms | p90 ms | samples | of peak |
            |---|---|---|---|---|---|---|---|---|---|---|
            | QatKit | dense | INT8 | 1 | all |  | 1.000 | 2.000 | 3.000 | 20 | 85 % |
            | ONNX Runtime | MatMul | FP32 | 2 | first token | 0.9877 | 1.000 | 2.000 | 3.000 | 20 | - |

            Threads: of QatKit those that a call keeps busy, of ONNX Runtime those that it was given. Cosine: of ONNX Runtime's answer and QatKit's.
            Of peak: "-" where rows or weights are skipped, for FP32, and for several threads where the load is too small to be shared.

            ## Peak rates of the processor, same run

            | instruction | threads | GOP/s |
            |---|---|---|
            | vpmaddwd | 2 | 100.0 |

            ## All forms of the ONNX graph, timed shortly

            | precision | form | threads | last layer | median ms | cosine with QatKit's answer | |
            |---|---|---|---|---|---|---|
            | FP32 | MatMul | 2 | all | 4.000 | 0.9900 |  |
            | INT8 | QAttention | 1 | first token |  | 0.0000 | refused: why |

            """, page, ignoreLineEndingDifferences: true);
    }

    private sealed class Steps(List<string> list) : IProgress<string>
    {
        public void Report(string value) => list.Add(value);
    }
}
