using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace QatKit.InferenceEngine.Cuda.Compilation;

/// <summary>Where a compiled kernel came from.</summary>
internal enum KernelOrigin
{
    /// <summary>A folder of the cache.</summary>
    Disk,

    /// <summary>It was compiled now, and kept in the folder when that can be written.</summary>
    Compiled,
}

/// <summary>Compiled kernels by content, in a folder that several processes share and in memory.</summary>
/// <remarks>An entry is a folder <c>gemm_s8-sm_80-KEY-nvrtc-12.4</c> with the image, its SHA-256, the log and all sources. It is written
/// aside and published by one rename, so it is whole or not there; an image that does not match its hash is replaced.
/// A folder that cannot be written costs the compilation at every start and nothing else.</remarks>
internal sealed class KernelCache
{
    private const string ImageFile = "image.bin";
    private const string HashFile = "image.sha256";
    private const string LogFile = "compiler.log";

    private readonly IKernelCompiler _compiler;
    private readonly string? _folder;
    private readonly IReadOnlyList<string> _readOnlyFolders;
    private readonly ConcurrentDictionary<string, Lazy<(CompiledKernel, KernelOrigin)>> _memory = new();

    /// <summary>Creates the cache.</summary>
    /// <param name="compiler">Compiles what is not there.</param>
    /// <param name="folder">Folder to read and write; it need not exist. Null: memory alone.</param>
    /// <param name="readOnlyFolders">Folders to read before, for example one that came with a model.</param>
    public KernelCache(IKernelCompiler compiler, string? folder, IReadOnlyList<string>? readOnlyFolders = null)
    {
        _compiler = compiler;
        _folder = folder;
        _readOnlyFolders = readOnlyFolders ?? [];
    }

    /// <summary>The user's own cache folder, or null.</summary>
    public static string? DefaultFolder => UserCache.Folder() is { } cache ? Path.Combine(cache, "kernels") : null;

    /// <summary>Whole entries of a folder and the bytes of their images; zeros for a folder that is not there.</summary>
    public static (int Kernels, long Bytes) Contents(string? folder)
    {
        try
        {
            if (folder is null || !Directory.Exists(folder)) return (0, 0);
            var images = Directory.EnumerateDirectories(folder).Where(d => !d.EndsWith(".tmp", StringComparison.Ordinal))
                .Select(d => new FileInfo(Path.Combine(d, ImageFile))).Where(f => f.Exists).ToList();
            return (images.Count, images.Sum(f => f.Length));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (0, 0);
        }
    }

    /// <summary>The compiled form of a source: from memory, else from disk, else compiled; once per process and content.</summary>
    /// <exception cref="Core.Diagnostics.QatKitException">QK6010: it is in no folder and there is no compiler. QK6011: it does not compile.</exception>
    public (CompiledKernel Kernel, KernelOrigin Origin) Get(KernelSource source, KernelTarget target)
    {
        var entry = ContentName(source, target);
        // A failure is not kept: the next caller tries again.
        var lazy = _memory.GetOrAdd(entry, _ => new(() => Load(entry, source, target)));
        try
        {
            return lazy.Value;
        }
        catch
        {
            _memory.TryRemove(KeyValuePair.Create(entry, lazy));
            throw;
        }
    }

    /// <summary>Start of an entry's name: it changes with every byte that the compiler reads. The compiler's version follows.</summary>
    internal static string ContentName(KernelSource source, KernelTarget target)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            hash.AppendData(Encoding.ASCII.GetBytes(bytes.Length.ToString(CultureInfo.InvariantCulture) + ":"));
            hash.AppendData(bytes);
        }

        Add(target.Name);
        Add(source.Name);
        Add(source.Text);
        foreach (var option in source.Options) Add(option);
        foreach (var header in source.Headers)
        {
            Add(header.Name);
            Add(header.Text);
        }

        return $"{Path.GetFileNameWithoutExtension(source.Name)}-{target.Name}-{Convert.ToHexStringLower(hash.GetHashAndReset())[..32]}";
    }

    private (CompiledKernel, KernelOrigin) Load(string entry, KernelSource source, KernelTarget target)
    {
        // What came with a model was compiled elsewhere, by whatever compiler; so was our own cache when there is no compiler now.
        var kept = _readOnlyFolders.Select(folder => ReadAny(folder, entry)).FirstOrDefault(k => k is not null)
            ?? (_folder is null ? null : _compiler.Version is null ? ReadAny(_folder, entry) : Read(Own(_folder, entry)));
        if (kept is not null) return (kept, KernelOrigin.Disk);
        var kernel = _compiler.Compile(source, target);
        if (_folder is not null) Publish(Own(_folder, entry), kernel, source);
        return (kernel, KernelOrigin.Compiled);
    }

    private string Own(string folder, string entry) => Path.Combine(folder, $"{entry}-{_compiler.Version}");

    // The newest compiler's first.
    private static CompiledKernel? ReadAny(string folder, string entry)
    {
        try
        {
            return Directory.EnumerateDirectories(folder, entry + "-*").Where(d => !d.EndsWith(".tmp", StringComparison.Ordinal))
                .OrderDescending(StringComparer.Ordinal).Select(Read).FirstOrDefault(k => k is not null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // Null when there is no entry, or none that is whole.
    private static CompiledKernel? Read(string path)
    {
        try
        {
            if (!Directory.Exists(path)) return null;
            var image = File.ReadAllBytes(Path.Combine(path, ImageFile));
            var expected = File.ReadAllText(Path.Combine(path, HashFile)).Trim();
            if (Convert.ToHexStringLower(SHA256.HashData(image)) != expected) return null;
            return new CompiledKernel(image, File.ReadAllText(Path.Combine(path, LogFile)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Publish(string path, CompiledKernel kernel, KernelSource source)
    {
        var aside = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            Write(aside, source.Name, source.Text);
            foreach (var header in source.Headers) Write(aside, header.Name, header.Text);
            Write(aside, "options.txt", string.Join('\n', source.Options) + "\n");
            Write(aside, LogFile, kernel.Log);
            Write(aside, HashFile, Convert.ToHexStringLower(SHA256.HashData(kernel.Image)) + "\n");
            File.WriteAllBytes(Path.Combine(aside, ImageFile), kernel.Image);
            // Here an entry is there only when it is damaged, or when another process was faster: then its content is ours.
            if (Directory.Exists(path) && Read(path) is null) Directory.Move(path, aside + ".damaged");
            if (!Directory.Exists(path)) Directory.Move(aside, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not writable, full, or the other process won between the two lines: memory serves this process.
        }
        finally
        {
            Delete(aside);
            Delete(aside + ".damaged");
        }
    }

    private static void Write(string folder, string name, string text)
    {
        var path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private static void Delete(string folder)
    {
        try
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A leftover has a unique name and harms nobody.
        }
    }
}
