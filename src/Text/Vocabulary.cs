using System.Security.Cryptography;
using System.Text;
using QatKit.Core.Diagnostics;

namespace QatKit.Text;

/// <summary>A WordPiece vocabulary: one token per line, the line number is the id.</summary>
public sealed class Vocabulary
{
    private static readonly string[] SpecialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];

    private readonly Dictionary<string, int> _lineOf;

    private Vocabulary(byte[] bytes, Dictionary<string, int> lineOf)
    {
        _lineOf = lineOf;
        Bytes = bytes;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
    }

    /// <summary>The content of <c>vocab.txt</c>, UTF-8.</summary>
    public byte[] Bytes { get; }

    /// <summary>Number of tokens.</summary>
    public int Count => _lineOf.Count;

    /// <summary>SHA-256 of <see cref="Bytes"/>, lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    /// <summary>The id of a token; null when the vocabulary lacks it.</summary>
    internal int? IdOf(string token) => _lineOf.TryGetValue(token, out var line) ? line - 1 : null;

    /// <summary>Reads a <c>vocab.txt</c>.</summary>
    /// <exception cref="QatKitException">QK1111: the file is missing, or special tokens are absent, or a token occurs twice.</exception>
    public static Vocabulary Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new QatKitException("QK1111", path, "the vocabulary file does not exist. Pass the vocab.txt that belongs to the model.");
        return Parse(File.ReadAllBytes(path), path);
    }

    /// <summary>Builds a vocabulary from its tokens, in the order of their ids.</summary>
    /// <exception cref="QatKitException">QK1111: special tokens are absent, or a token occurs twice.</exception>
    public static Vocabulary FromTokens(IEnumerable<string> tokens) =>
        Parse(Encoding.UTF8.GetBytes(string.Concat(tokens.Select(t => t + "\n"))), "vocabulary");

    private static Vocabulary Parse(byte[] bytes, string location)
    {
        var problems = new DiagnosticBag();
        var lineOf = new Dictionary<string, int>(StringComparer.Ordinal);
        var line = 0;
        using var reader = new StreamReader(new MemoryStream(bytes), Encoding.UTF8);
        while (reader.ReadLine() is { } token)
        {
            line++;
            if (!lineOf.TryAdd(token, line))
                problems.Add("QK1111", $"{location}({line})", $"token '{token}' is already in line {lineOf[token]}. Remove one of the two lines.");
        }

        foreach (var special in SpecialTokens.Where(s => !lineOf.ContainsKey(s)))
            problems.Add("QK1111", location, $"the vocabulary of {line} tokens has no {special}. Use a BERT WordPiece vocabulary, one token per line.");
        problems.ThrowIfAny();
        return new Vocabulary(bytes, lineOf);
    }
}
