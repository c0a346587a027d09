using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace QatKit.Quantization.Native;

/// <summary>Makes a copy of TorchSharp's Linux library that loads where libstdc++ ends at GLIBCXX_3.4.30.</summary>
/// <remarks>The library needs GLIBCXX_3.4.32 for one symbol, <c>std::ios_base_library_init()</c>, which only makes sure that
/// iostreams are initialised; libtorch does that itself. In the copy this undefined symbol is renamed to
/// <c>std::get_terminate()</c> (same signature, no effect), its version becomes GLIBCXX_3.4.20, and the version
/// requirement 3.4.32 becomes a second 3.4.30. Only files with a known hash are touched.</remarks>
internal static class LibstdcxxRepair
{
    private const string MissingSymbol = "_ZSt21ios_base_library_initv";
    private const string HarmlessSymbol = "_ZSt13get_terminatev";
    private const string MissingVersion = "GLIBCXX_3.4.32";
    private const string PresentVersion = "GLIBCXX_3.4.30";
    private const string HarmlessSymbolVersion = "GLIBCXX_3.4.20";
    private const string TemporaryPrefix = "qatkit-";

    /// <summary>SHA-256 of the library in TorchSharp 0.107.0.</summary>
    internal const string KnownSha256 = "cf33b1b0bb6bbb9754a768fb5c5d04d9f498603be50e73f55621a0b40ee608b8";

    /// <summary>Path of the repaired copy of <paramref name="original"/>, made in the user's cache when it is not there.</summary>
    /// <exception cref="NotSupportedException">The file's hash is unknown, or its structure is not as expected.</exception>
    /// <exception cref="IOException">No folder can be written.</exception>
    internal static string RepairedCopy(string original) => RepairedCopy(original, CacheFolders());

    /// <summary>As above, with the caches to try. Where none can be written, the copy lies in a new folder of the system's temporary one that only
    /// this user can enter: under a name that others can foresee they could put a library of their own.</summary>
    internal static string RepairedCopy(string original, IEnumerable<string> caches)
    {
        var bytes = File.ReadAllBytes(original);
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (hash != KnownSha256)
            throw new NotSupportedException($"'{original}' does not load and is not the library of TorchSharp 0.107.0 (SHA-256 {hash}), so it is not repaired. Install a libstdc++ with {MissingVersion} (GCC 13 or newer).");
        Repair(bytes);
        foreach (var cache in caches)
        {
            try
            {
                return Publish(bytes, Path.Combine(cache, hash[..16]));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next one.
            }
        }

        return Publish(bytes, Directory.CreateTempSubdirectory(TemporaryPrefix).FullName);
    }

    /// <summary>Deletes a loaded copy that is in no cache: a mapped file needs no name.</summary>
    internal static void DiscardTemporary(string copy)
    {
        var folder = Path.GetDirectoryName(copy)!;
        if (Path.GetFileName(folder).StartsWith(TemporaryPrefix, StringComparison.Ordinal)) Directory.Delete(folder, recursive: true);
    }

    private static IEnumerable<string> CacheFolders()
    {
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg) yield return Path.Combine(xdg, "qatkit");
        if (Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home) yield return Path.Combine(home, ".cache", "qatkit");
    }

    // Written aside and renamed, so that a second process sees the whole file or none; a damaged file is replaced.
    private static string Publish(byte[] bytes, string folder)
    {
        Directory.CreateDirectory(folder);
        var target = Path.Combine(folder, "libLibTorchSharp.so");
        if (File.Exists(target) && File.ReadAllBytes(target).AsSpan().SequenceEqual(bytes)) return target;
        var aside = Path.Combine(folder, Path.GetRandomFileName());
        try
        {
            File.WriteAllBytes(aside, bytes);
            File.Move(aside, target, overwrite: true);
        }
        finally
        {
            File.Delete(aside);
        }

        return target;
    }

    /// <summary>Applies the three edits in place.</summary>
    /// <exception cref="NotSupportedException">The file is not a 64-bit little-endian ELF library with the expected symbol.</exception>
    internal static void Repair(Span<byte> elf)
    {
        if (elf.Length < 64 || !elf[..6].SequenceEqual(new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1 }))
            throw new NotSupportedException("The torch library is not a 64-bit little-endian ELF file.");
        var strings = Section(elf, 3, "SHT_STRTAB of .dynsym");      // .dynstr: first SHT_STRTAB with SHF_ALLOC
        var symbols = Section(elf, 11, ".dynsym");                    // SHT_DYNSYM
        var versions = Section(elf, 0x6fffffff, ".gnu.version");      // SHT_GNU_versym
        var needs = Section(elf, 0x6ffffffe, ".gnu.version_r");       // SHT_GNU_verneed

        // 1. The version requirement 3.4.32 becomes a copy of 3.4.30's (hash and name).
        var missing = FindNeed(elf, needs, strings, MissingVersion);
        var present = FindNeed(elf, needs, strings, PresentVersion);
        var harmless = FindNeed(elf, needs, strings, HarmlessSymbolVersion);
        elf.Slice(present, 4).CopyTo(elf[missing..]);             // vna_hash
        elf.Slice(present + 8, 4).CopyTo(elf[(missing + 8)..]);   // vna_name

        // 2. The symbol takes the version index of GLIBCXX_3.4.20, and 3. the other name.
        const int SymbolSize = 24;
        for (var i = 0; i < symbols.Length / SymbolSize; i++)
        {
            var name = strings.Offset + (int)U32(elf, symbols.Offset + i * SymbolSize);
            if (Text(elf, name) != MissingSymbol) continue;
            elf.Slice(harmless + 6, 2).CopyTo(elf[(versions.Offset + i * 2)..]); // vna_other
            elf.Slice(name, MissingSymbol.Length).Clear();
            Encoding.ASCII.GetBytes(HarmlessSymbol, elf[name..]);
            return;
        }

        throw new NotSupportedException($"The torch library has no symbol {MissingSymbol}.");
    }

    // Offset of the vernaux record with the given version name.
    private static int FindNeed(ReadOnlySpan<byte> elf, (int Offset, int Length) needs, (int Offset, int Length) strings, string version)
    {
        for (int need = needs.Offset, next = -1; next != 0; need += next)
        {
            int count = U16(elf, need + 2), aux = need + (int)U32(elf, need + 8);
            for (var i = 0; i < count; i++, aux += (int)U32(elf, aux + 12))
            {
                if (Text(elf, strings.Offset + (int)U32(elf, aux + 8)) == version) return aux;
                if (U32(elf, aux + 12) == 0) break;
            }

            next = (int)U32(elf, need + 12);
        }

        throw new NotSupportedException($"The torch library does not need {version}.");
    }

    // The first section of a type that is part of the loaded image.
    private static (int Offset, int Length) Section(ReadOnlySpan<byte> elf, uint type, string name)
    {
        int table = (int)BinaryPrimitives.ReadUInt64LittleEndian(elf[0x28..]), size = U16(elf, 0x3a), count = U16(elf, 0x3c);
        for (var i = 0; i < count; i++)
        {
            var header = table + i * size;
            var allocated = (BinaryPrimitives.ReadUInt64LittleEndian(elf[(header + 8)..]) & 2) != 0;
            if (U32(elf, header + 4) == type && allocated)
                return ((int)BinaryPrimitives.ReadUInt64LittleEndian(elf[(header + 0x18)..]), (int)BinaryPrimitives.ReadUInt64LittleEndian(elf[(header + 0x20)..]));
        }

        throw new NotSupportedException($"The torch library has no section {name}.");
    }

    private static uint U32(ReadOnlySpan<byte> b, int at) => BinaryPrimitives.ReadUInt32LittleEndian(b[at..]);

    private static ushort U16(ReadOnlySpan<byte> b, int at) => BinaryPrimitives.ReadUInt16LittleEndian(b[at..]);

    private static string Text(ReadOnlySpan<byte> b, int at)
    {
        var rest = b[at..];
        return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)0)]);
    }
}
