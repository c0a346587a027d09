using System.Text.Json;
using System.Text.Json.Serialization;
using QatKit.Cli.CommandLine;

namespace QatKit.Cli.Output;

/// <summary>The one way in which verbs write JSON.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter() },
    };

    public static void Write<T>(CommandContext context, T value) => context.Out.WriteLine(JsonSerializer.Serialize(value, Options));
}
