using System.CommandLine;
using System.Globalization;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Models;
using QatKit.Cli.Output;
using QatKit.Core.Graph;
using QatKit.Text;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit predict MODEL TEXT [TEXT]</c>: answers for a text, a pair, the lines of a file, or token ids.</summary>
internal static class PredictVerb
{
    private const int LinesPerCall = 32;

    public static Command Create(CommandContext context)
    {
        var model = new Argument<string>("model") { Description = "Folder of an exported model." };
        var text = new Argument<string?>("text") { Description = "The text.", Arity = ArgumentArity.ZeroOrOne };
        var pair = new Argument<string?>("second") { Description = "The second text of a pair.", Arity = ArgumentArity.ZeroOrOne };
        var file = new Option<string?>("--file") { Description = "One text per line; a tab separates the texts of a pair." };
        var tokens = new Option<string?>("--tokens") { Description = "Token ids instead of text, separated by commas." };
        var backend = BackendOption.One();
        var json = new Option<bool>("--json") { Description = "Write JSON." };
        var command = new VerbCommand("predict", "Classify a text, a pair of texts, or every line of a file.", "qatkit predict runs/quickstart/model \"a fine film\"") { model, text, pair, file, tokens, backend, json };
        command.Validators.Add(result =>
        {
            var sources = new[] { result.GetResult(text) is { Tokens.Count: > 0 }, result.GetResult(file) is not null, result.GetResult(tokens) is not null };
            if (sources.Count(s => s) != 1) result.AddError("Pass exactly one of: a text, --file, --tokens.");
            if (result.GetResult(tokens) is not null && result.GetValue(tokens)!.Split(',', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(t => !int.TryParse(t, CultureInfo.InvariantCulture, out _)) is { } bad)
                result.AddError($"'{bad}' in --tokens is not an integer.");
        });
        command.SetAction(parsed =>
        {
            using var loaded = LoadedModel.Load(parsed.GetRequiredValue(model), parsed.GetValue(backend));
            if (loaded.Session.Fallback is { } reason) context.Error.WriteLine($"CUDA is not used: {reason}");
            if (parsed.GetValue(tokens) is { } ids)
            {
                int[] sequence = [.. ids.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(t => int.Parse(t, CultureInfo.InvariantCulture))];
                Write(context, parsed.GetValue(json), [ids], loaded.Predict(TokenBatch.FromSequences([sequence])));
                return ExitCode.Ok;
            }

            // In a file a tab separates the texts of a pair; in an argument it is a part of the text.
            var inputs = parsed.GetValue(file) is { } path
                ? File.ReadLines(path).Where(l => l.Length > 0).Select(l => l.Split('\t', 2)).ToArray()
                : [parsed.GetValue(pair) is { } second ? [parsed.GetRequiredValue(text)!, second] : [parsed.GetRequiredValue(text)!]];
            var encoder = ArtifactEncoder.Create(loaded.Header);
            var predictions = inputs.Chunk(LinesPerCall).SelectMany(chunk =>
            {
                var encoded = chunk.Select(p => encoder.Encode(p[0], p.Length > 1 ? p[1] : null)).ToList();
                return loaded.Predict(TokenBatch.FromSequences([.. encoded.Select(e => e.InputIds)], [.. encoded.Select(e => e.TokenTypeIds)]));
            });
            Write(context, parsed.GetValue(json), [.. inputs.Select(p => string.Join('\t', p))], [.. predictions]);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Write(CommandContext context, bool json, string[] inputs, IReadOnlyList<Prediction> predictions)
    {
        if (json)
        {
            JsonOutput.Write(context, inputs.Zip(predictions, (input, p) => new { input, p.Label, p.Probability, p.Logits }));
            return;
        }

        for (var i = 0; i < inputs.Length; i++) context.Out.WriteLine($"{predictions[i]}: {inputs[i].Replace("\t", " | ", StringComparison.Ordinal)}");
    }
}
