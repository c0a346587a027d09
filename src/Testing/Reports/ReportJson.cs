using System.Text.Json;
using System.Text.Json.Serialization;

namespace QatKit.Testing.Reports;

/// <summary>parity.json: the report with its gates, indented, names in camelCase.</summary>
public static class ReportJson
{
    /// <summary>Serializes a report.</summary>
    public static string Write(VerificationReport report) => JsonSerializer.Serialize(report, ReportJsonContext.Default.VerificationReport);
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VerificationReport))]
internal sealed partial class ReportJsonContext : JsonSerializerContext;
