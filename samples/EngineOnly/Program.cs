// Usage: QatKit.EngineOnly <model folder> <token ids> [<token ids> ...]      for example   model 101,2023,102
// Prints what runs, then one line of logits per sequence. Exit code 0, 1 for wrong usage, 2 for a bad model or bad tokens.
using System.Globalization;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;

if (args.Length < 2)
{
    Console.Error.WriteLine("usage: QatKit.EngineOnly <model folder> <token ids, separated by commas> ...");
    return 1;
}

var sequences = new List<int[]>();
foreach (var text in args.Skip(1))
{
    var ids = text.Split(',').Select(id => int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : -1).ToArray();
    sequences.Add(ids);
}

try
{
    using var session = InferenceSession.Load(args[0]);
    var logits = session.Run(TokenBatch.FromSequences(sequences)); // [B, C]
    Console.WriteLine(session.Description);
    foreach (var row in logits.Chunk(session.Architecture.Classes))
        Console.WriteLine(string.Join(' ', row.Select(v => v.ToString("R", CultureInfo.InvariantCulture))));
    return 0;
}
catch (QatKitException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
