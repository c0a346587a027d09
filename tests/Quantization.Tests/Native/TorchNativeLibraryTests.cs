using System.Diagnostics;
using System.Security.Cryptography;
using QatKit.Quantization.Native;
using TorchSharp;

namespace QatKit.Quantization.Tests.Native;

public sealed class TorchNativeLibraryTests
{
    [Fact]
    public void Torch_computes_on_this_system()
    {
        TorchNativeLibrary.Register();
        using var sum = torch.ones(3).sum();
        Assert.Equal(3f, sum.item<float>());
        Assert.NotEqual(TorchNativeSource.Failed, TorchNativeLibrary.Status.Source);
    }

    [Fact]
    public void Repair_touches_only_the_three_places()
    {
        var original = KnownLibrary();
        var before = File.ReadAllBytes(original);
        var after = (byte[])before.Clone();
        LibstdcxxRepair.Repair(after);
        var changed = Enumerable.Range(0, before.Length).Where(i => before[i] != after[i]).ToArray();
        Assert.InRange(changed.Length, 1, 4 + 4 + 2 + 28);
        // The name stands a second time in .strtab, which the loader never reads.
        Assert.Equal(2, Occurrences(before, "_ZSt21ios_base_library_initv"));
        Assert.Equal(1, Occurrences(after, "_ZSt21ios_base_library_initv"));
        Assert.Equal(0, Occurrences(before, "\0_ZSt13get_terminatev\0"));
        Assert.Equal(1, Occurrences(after, "\0_ZSt13get_terminatev\0"));
    }

    [Fact]
    public void Repaired_library_needs_no_version_that_old_systems_lack()
    {
        var folder = Directory.CreateTempSubdirectory("qatkit-test");
        try
        {
            var bytes = File.ReadAllBytes(KnownLibrary());
            LibstdcxxRepair.Repair(bytes);
            var file = Path.Combine(folder.FullName, "lib.so");
            File.WriteAllBytes(file, bytes);
            Process readelf;
            try
            {
                readelf = Process.Start(new ProcessStartInfo("readelf", ["--version-info", "--wide", file]) { RedirectStandardOutput = true })!;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                Assert.Skip("readelf is not installed.");
                return;
            }

            var output = readelf.StandardOutput.ReadToEnd();
            readelf.WaitForExit();
            Assert.Equal(0, readelf.ExitCode);
            Assert.Contains("GLIBCXX_3.4.30", output, StringComparison.Ordinal);
            Assert.DoesNotContain("GLIBCXX_3.4.32", output, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Cached_copy_is_healed_when_damaged()
    {
        var library = KnownLibrary();
        var copy = LibstdcxxRepair.RepairedCopy(library);
        var good = SHA256.HashData(File.ReadAllBytes(copy));
        var damaged = File.ReadAllBytes(copy);
        damaged[100] ^= 1;
        // A new file under the old name: the mapped one may be in use by this very process.
        File.WriteAllBytes(copy + ".new", damaged);
        File.Move(copy + ".new", copy, overwrite: true);
        Assert.Equal(copy, LibstdcxxRepair.RepairedCopy(library));
        Assert.Equal(good, SHA256.HashData(File.ReadAllBytes(copy)));
    }

    [Fact]
    public void Without_a_cache_the_copy_lies_where_nobody_else_can_put_one()
    {
        var library = KnownLibrary();
        var file = Path.GetTempFileName(); // no folder: nothing can be cached below it
        var copies = new List<string>();
        var cached = LibstdcxxRepair.RepairedCopy(library);
        LibstdcxxRepair.DiscardTemporary(cached);
        Assert.True(File.Exists(cached));
        try
        {
            for (var i = 0; i < 2; i++) copies.Add(LibstdcxxRepair.RepairedCopy(library, [file]));
            Assert.NotEqual(copies[0], copies[1]);
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(copies[0])!));
        }
        finally
        {
            File.Delete(file);
            foreach (var copy in copies) LibstdcxxRepair.DiscardTemporary(copy);
        }

        Assert.All(copies, c => Assert.False(Directory.Exists(Path.GetDirectoryName(c))));
    }

    [Fact]
    public void Unknown_library_is_refused()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "not a library");
            var e = Assert.Throws<NotSupportedException>(() => LibstdcxxRepair.RepairedCopy(file));
            Assert.Equal(
                $"'{file}' does not load and is not the library of TorchSharp 0.107.0 (SHA-256 {Convert.ToHexStringLower(SHA256.HashData("not a library"u8))}), "
                + "so it is not repaired. Install a libstdc++ with GLIBCXX_3.4.32 (GCC 13 or newer).", e.Message);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Damaged_elf_is_refused()
    {
        Assert.Equal("The torch library is not a 64-bit little-endian ELF file.",
            Assert.Throws<NotSupportedException>(() => LibstdcxxRepair.Repair(new byte[200])).Message);
    }

    private static int Occurrences(byte[] file, string text) =>
        System.Text.Encoding.Latin1.GetString(file).Split(text).Length - 1;

    private static string KnownLibrary()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("Only Linux needs the repair.");
        var file = TorchNativeLibrary.SearchFolders().Select(f => Path.Combine(f, "libLibTorchSharp.so")).FirstOrDefault(File.Exists);
        if (file is null) Assert.Skip("libLibTorchSharp.so is not in the probing folders.");
        return file;
    }
}
