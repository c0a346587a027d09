using QatKit.Testing.Reports;
using QatKit.Training.Metrics;
using QatKit.Text;

namespace QatKit.Training.Runs;

/// <summary>What a run came to.</summary>
/// <param name="RunFolder">All files of the run.</param>
/// <param name="ArtifactFolder">The finished model.</param>
/// <param name="Metric">Which metric the values are.</param>
/// <param name="Fp32">Metric of the floating-point model on the dev split.</param>
/// <param name="FakeQuant">Metric of the fake-quantized torch model.</param>
/// <param name="Engine">Metric of the artifact in the inference engine.</param>
/// <param name="Placement">Table of layers, widths and sparsity.</param>
/// <param name="Verification">The verification report; its <c>Passed</c> decides whether the run is a success.</param>
/// <param name="Encoder">Encodes texts for the model.</param>
/// <param name="SampleText">A dev example, to show a prediction for.</param>
/// <param name="Duration">Wall time of this process's part of the run.</param>
public sealed record RunResult(
    string RunFolder, string ArtifactFolder, Metric Metric, double Fp32, double FakeQuant, double Engine, string Placement,
    VerificationReport Verification, BertTextEncoder Encoder, string SampleText, TimeSpan Duration);
