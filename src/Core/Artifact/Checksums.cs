using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using QatKit.Core.Diagnostics;

namespace QatKit.Core.Artifact;

/// <summary>SHA-256 sums of the files of a folder, in the format of <c>sha256sum</c>: one line <c>hash, two blanks, name</c> each.</summary>
public static class Checksums
{
    private const int BlockBytes = 1 << 20;

    /// <summary>The text of a sum file, sorted by name.</summary>
    /// <param name="sums">Lower-case hexadecimal sum by file name.</param>
    public static string Format(IReadOnlyDictionary<string, string> sums)
    {
        ArgumentNullException.ThrowIfNull(sums);
        return string.Concat(sums.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Value}  {s.Key}\n"));
    }

    /// <summary>Sum by file name.</summary>
    /// <exception cref="QatKitException">QK4011: the first line that is not a sum and a plain file name, or that repeats a name.</exception>
    internal static Dictionary<string, string> Parse(string path, ReadOnlySpan<byte> content)
    {
        var sums = new Dictionary<string, string>(StringComparer.Ordinal);
        var lines = Encoding.UTF8.GetString(content).Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i];
            if (line.Length == 0 && i == lines.Length - 1) break;
            // "hash  name", or "hash *name" in binary mode.
            if (line.Length < 67 || line[64] != ' ' || line[65] is not (' ' or '*') || !IsSum(line.AsSpan(0, 64)) || line.AsSpan(66).ContainsAny("/\\\0"))
                throw new QatKitException("QK4011", $"{path}({i + 1})", "the line is not a SHA-256 sum, two blanks and a file name. The artifact is damaged: copy or export it again.");
            if (!sums.TryAdd(line[66..], line[..64]))
                throw new QatKitException("QK4011", $"{path}({i + 1})", $"'{line[66..]}' occurs twice. The artifact is damaged: copy or export it again.");
        }

        return sums;
    }

    /// <summary>Sum of bytes in memory.</summary>
    public static string Of(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>Sum of an open file, block by block.</summary>
    internal static string Of(SafeFileHandle file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = GC.AllocateUninitializedArray<byte>(BlockBytes);
        var offset = 0L;
        while (RandomAccess.Read(file, block, offset) is > 0 and var read)
        {
            hash.AppendData(block, 0, read);
            offset += read;
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static bool IsSum(ReadOnlySpan<char> text)
    {
        foreach (var c in text) if (!char.IsAsciiHexDigitLower(c)) return false;
        return true;
    }
}
