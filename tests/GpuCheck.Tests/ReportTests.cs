using QatKit.Comparison;
using QatKit.GpuCheck.Comparing;
using QatKit.GpuCheck.Kernels;
using QatKit.GpuCheck.Plans;
using QatKit.GpuCheck.Reporting;
using QatKit.GpuCheck.Soak;
using QatKit.GpuCheck.Timing;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.TestKit;

namespace QatKit.GpuCheck.Tests;

public sealed class ReportTests
{
    [Fact]
    public void Results_that_were_cut_off_do_not_take_the_others_along()
    {
        using var temp = new TempFolder();
        var folder = Folder(temp, "run");
        File.WriteAllText(Path.Combine(folder, "soak.json"), """{"wanted": 3,""");
        CheckJson.Write(Path.Combine(folder, "plans.json"), new PlanReport("1x8", [new PlanResult("wgmma/256x128/6/1/1", false, null)]));
        var report = CheckReport.Read([folder]);
        Assert.True(report.Plans["plans"].Passed);
        Assert.Empty(report.Soaks);
        Assert.StartsWith("soak.json: ", Assert.Single(report.Unreadable), StringComparison.Ordinal);
        Assert.Contains("Results that cannot be read:\n\n* soak.json: ", CheckMarkdown.Write(report).ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void Folders_of_two_runs_become_one_report()
    {
        using var temp = new TempFolder();
        string first = Folder(temp, "first"), second = Folder(temp, "second"), results = Folder(temp, "results");
        File.WriteAllText(Path.Combine(first, "stages.tsv"), "doctor\tpassed\t1\tcuda sm_90a: NVIDIA H200\ntable\tskipped\t0\tno time was left\nsoak\tfailed\t9\t1 of 3 sentences compared | 1 differ\n");
        File.WriteAllText(Path.Combine(second, "stages.tsv"), "doctor\tskipped\t0\tno time was left\ntable\tpassed\t30\t1 configurations timed, 0 not\n");
        CheckJson.Write(Path.Combine(first, "doctor.json"), new DoctorReport(
            new MachineHeader("A processor", "AVX2", 16, "Linux", ".NET 10", "2027-01-02"), [new BackendAvailability("cuda", "sm_90a", true, "NVIDIA H200"), new BackendAvailability("cpu", "AvxVnni", false, "AVX-VNNI not offered")],
            "nvrtc-13.0", "/cache: 3 entries", "345 MHz"));
        CheckJson.Write(Path.Combine(first, "soak.json"), new SoakReport(3, [new SoakModelReport("tiny dense", "cpu AvxVnni", "cuda sm_90a", 1, 1, 7, 99, 1, ["tiny dense, batch 0: first divergence"], 1, 2)], 9));
        CheckJson.Write(Path.Combine(first, "plans.json"), new PlanReport("1x8", [new PlanResult("wgmma/256x128/6/1/1", true, "wrong"), new PlanResult("wgmma/256x128/6/1/1", false, null)]));
        CheckJson.Write(Path.Combine(first, "kernels-host.json"), new KernelReport("sm_90a", "nvrtc-13.0",
            [new KernelResult("a.cu", new KernelUsage("a", 255, 16, 4, 4, 0), 0, true, null), new KernelResult("b.cu", new KernelUsage("b", 20, 0, 0, 0, 0), 0, true, null)], 12));
        CheckJson.Write(Path.Combine(second, "table.json"), Times());
        CheckJson.Write(Path.Combine(second, "cpu-comparison.json"), Comparison());
        File.WriteAllText(Path.Combine(second, "peers-fp16.json"), """
            {"environment": {"torch": "2.11"}, "results": [{"peer": "FP16", "model": "bert-large", "batch": 1, "length": 128, "p50Ms": 1.5, "p95Ms": 1.6, "p99Ms": 1.7, "replays": 2000, "note": "whole model"}],
             "failures": [{"peer": "cuSPARSELt", "what": "b1", "reason": "not built in"}]}
            """);
        File.WriteAllText(Path.Combine(second, "host-torch.json"), """{"steps": [{"name": "libtorch", "works": false, "detail": "undefined symbol"}]}""");

        var code = Commands.CreateRoot(TextWriter.Null).Parse(["report", "--from", first, second, "--to", results]).Invoke();

        Assert.Equal(ExitCode.Ok, code);
        Assert.True(File.Exists(Path.Combine(results, "report.json")));
        Assert.Equal("""
            # CUDA engine on NVIDIA H200

            |  |  |
            | --- | --- |
            | host | A processor (AVX2), 16 logical processors, Linux, .NET 10, 2027-01-02 |
            | cuda sm_90a | NVIDIA H200 |
            | cpu AvxVnni | not available: AVX-VNNI not offered |
            | run-time compiler | nvrtc-13.0 |
            | compiled kernels | /cache: 3 entries |
            | clocks, temperature, power | 345 MHz |

            ## Stages

            | stage | result | time | what it said |
            | --- | --- | --- | --- |
            | doctor | passed | 1 s | cuda sm_90a: NVIDIA H200 |
            | table | passed | 30 s | 1 configurations timed, 0 not |
            | soak | failed | 9 s | 1 of 3 sentences compared \| 1 differ |

            ## Bits of every plan (plans): 1 of 2 equal the reference

            | plan | format | problem |
            | --- | --- | --- |
            | wgmma/256x128/6/1/1 | 2:4 | wrong |

            ## Bits of sentences (soak): 1 of 1 differ, 3 wanted

            | model | compared | sentences | batches | tokens | numbers | sentences that differ |
            | --- | --- | --- | --- | --- | --- | --- |
            | tiny dense | cpu AvxVnni : cuda sm_90a | 1 | 1 | 7 | 99 | 1 |

            First differences:

            * tiny dense, batch 0: first divergence

            ## Times (table; driver for CUDA 13.0)

            | model | format | b | s | p50 ms | p95 ms | p99 ms | replays | with copies p50 / p95 / p99 ms | dense-equivalent TOPS | floor ms | % of floor | target ms | clocks after |
            | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
            | bert-large | dense | 1 | 128 | 0.700 | 0.710 | 0.720 | 2000 | 0.800 / 0.900 / 1.000 | 113 | 0.070 | 10.0 | 1.0, met | 1980 MHz |

            Clocks, temperature, power before: 345 MHz; after: 1980 MHz.

            Not measured:

            * bert-base dense b1 s128: no time was left

            ## Each kernel by itself: bert-large dense b1 s128, 3 launches, 0.013 ms in all, 0.700 ms as a graph

            | kernel | plan | blocks | threads | launches | us of one | us of all | % | TOPS | for example |
            | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
            | gemm_s8 | 64x64/2x2/4/1 | 96 | 128 | 2 | 5.00 | 10.0 | 76.9 | 161 | query X[128, 1024] |
            | layernorm |  | 128 | 128 | 1 | 3.00 | 3.0 | 23.1 | 0 | LayerNorm |

            ## bert-base, batch 1, 128 tokens, up to 2 threads

            A processor (AVX2, FMA, AVX-VNNI), 16 logical processors, Linux, .NET 10, 2027-01-02; ONNX Runtime 1.31.1. CPU, AvxVnni kernels.

            `gpu-check.sh run RESULTS --stages cpu-comparison`

            ### How many times faster

            | | against | rows of the last layer | ratio of medians | |
            |---|---|---|---|---|
            | QatKit dense | ONNX Runtime INT8 | all, both | **1.50** |  |

            "All": both compute every row of the last layer. "First token": both compute there, after attention, only the rows that the
            pooler reads. "First token : all": what each does with the model as exported.

            ### Measured in turn

            | engine | form | precision | threads | last layer | cosine | p10 ms | median ms | p90 ms | samples | of peak |
            |---|---|---|---|---|---|---|---|---|---|---|
            | QatKit | dense | INT8 | 2 | all |  | 1.000 | 2.000 | 3.000 | 20 | 85 % |

            Threads: of QatKit those that a call keeps busy, of ONNX Runtime those that it was given. Cosine: of ONNX Runtime's answer and QatKit's.
            Of peak: "-" where rows or weights are skipped, for FP32, and for several threads where the load is too small to be shared.

            ### Peak rates of the processor, same run

            | instruction | threads | GOP/s |
            |---|---|---|
            | vpdpbusd | 2 | 100.0 |

            ### All forms of the ONNX graph, timed shortly

            | precision | form | threads | last layer | median ms | cosine with QatKit's answer | |
            |---|---|---|---|---|---|---|
            | INT8 | QAttention | 2 | all | 3.000 | 0.9900 |  |

            Not compared with ONNX Runtime:

            * bert-tiny-b1-s32: no time was left

            ## Others (peers-fp16; torch 2.11)

            | what | model | b | s | p50 ms | p95 ms | p99 ms | replays | note |
            | --- | --- | --- | --- | --- | --- | --- | --- | --- |
            | FP16 | bert-large | 1 | 128 | 1.500 | 1.600 | 1.700 | 2000 | whole model |

            Not measured:

            * cuSPARSELt, b1: not built in

            ## TorchSharp on this machine's libtorch

            | step | works | detail |
            | --- | --- | --- |
            | libtorch | no | undefined symbol |

            ## Kernels (kernels-host): 2 for sm_90a with nvrtc-13.0, 12 s

            | kernel that does not compile, or spills | why |
            | --- | --- |
            | a.cu | 255 registers, 16 bytes of stack, 4 of spills |


            """, File.ReadAllText(Path.Combine(results, "report.md")));
    }

    [Fact]
    public void Without_a_device_the_report_says_so()
    {
        var report = new CheckReport
        {
            Stages = [new StageOutcome("table", "skipped", 0, "no device")],
            Kernels = new Dictionary<string, KernelReport>(),
            Plans = new Dictionary<string, PlanReport>(),
            Soaks = new Dictionary<string, SoakReport>(),
            Timings = new Dictionary<string, TimingReport>(),
            Peers = new Dictionary<string, PeerReport>(),
        };
        Assert.Equal("# CUDA engine on no device\n\n## Stages\n\n| stage | result | time | what it said |\n| --- | --- | --- | --- |\n| table | skipped | 0 s | no device |\n\n",
            CheckMarkdown.Write(report), ignoreLineEndingDifferences: true);
    }

    [Fact]
    public void A_line_of_stages_that_is_damaged_is_refused() =>
        Assert.Equal("'soak\tpassed' is not a line of stages.tsv: stage, result, seconds, detail.", Assert.Throws<FormatException>(() => StageOutcome.Parse("soak\tpassed")).Message);

    private static string Folder(TempFolder temp, string name) => Directory.CreateDirectory(Path.Combine(temp.Path, name)).FullName;

    private static CpuComparisonReport Comparison() => new(
        [new ComparisonResult(new MachineHeader("A processor", "AVX2, FMA, AVX-VNNI", 16, "Linux", ".NET 10", "2027-01-02"), "1.31.1", "bert-base", 1, 128, 2, "CPU, AvxVnni kernels",
            [new PeakRate("vpdpbusd", 2, 100)], [new QualifyingForm("QAttention", "INT8", 2, false, 0.99, 3, "")],
            [new Contender("QatKit", "dense", "INT8", 2, false, null, new QatKit.Comparison.Measuring.Timing(1, 2, 3, 20), 0.85)], [new SpeedRatio("QatKit dense", "ONNX Runtime INT8", "all, both", 1.5)])],
        ["bert-tiny-b1-s32: no time was left"]);

    private static TimingReport Times()
    {
        KernelTiming Kernel(string name, string plan, string shape, int blocks, double microseconds, double tops) => new(name, plan, shape, blocks, 128, 0, 40, microseconds, tops);
        var result = new BenchmarkResult(new BenchmarkOptions { Shape = "bert-large" }, "CUDA", "sm_90a", 1, 0.8, 0.9, 1.0, 79e9, 100, 160)
        {
            Backend = "cuda",
            Device = new DeviceTiming("NVIDIA H200", "13.0", 2000, 0.7, 0.71, 0.72, 112.9, 1, ["plan"],
                [Kernel("gemm_s8", "64x64/2x2/4/1", "query X[128, 1024]", 96, 5, 161), Kernel("layernorm", "", "LayerNorm", 128, 3, 0), Kernel("gemm_s8", "64x64/2x2/4/1", "key X[128, 1024]", 96, 5, 161)]),
        };
        return new TimingReport("NVIDIA H200", "13.0", "345 MHz", "1980 MHz", [new TimingCell(result, 0.0702, "1980 MHz")], ["bert-base dense b1 s128: no time was left"]);
    }
}
