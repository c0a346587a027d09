using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Cuda.Compilation;

public sealed class KernelCacheTests : IDisposable
{
    private static readonly KernelSource Source = new("k.cu", "k<A=1>", "text", [new("common/h.cuh", "header")], ["-DA=1"]);
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_second_process_finds_what_the_first_compiled()
    {
        var compiler = new CountingCompiler();
        Assert.Equal(KernelOrigin.Compiled, new KernelCache(compiler, _folder.Path).Get(Source, KernelTarget.Sm80).Origin);
        var (kernel, origin) = new KernelCache(compiler, _folder.Path).Get(Source, KernelTarget.Sm80);
        Assert.Equal((KernelOrigin.Disk, 1), (origin, compiler.Count));
        Assert.Equal("log of k.cu", kernel.Log);
        Assert.Equal(CountingCompiler.ImageOf(Source, KernelTarget.Sm80), kernel.Image);
    }

    [Fact]
    public void The_contents_of_a_folder_are_its_whole_entries()
    {
        Assert.Equal((0, 0), KernelCache.Contents(null));
        Assert.Equal((0, 0), KernelCache.Contents(_folder.Combine("none")));
        new KernelCache(new CountingCompiler(), _folder.Path).Get(Source, KernelTarget.Sm80);
        Directory.CreateDirectory(_folder.Combine("k-sm_80-begun.tmp"));
        Assert.Equal((1, CountingCompiler.ImageOf(Source, KernelTarget.Sm80).Length), KernelCache.Contents(_folder.Path));
    }

    [Fact]
    public void One_process_compiles_once_also_from_many_threads()
    {
        var compiler = new CountingCompiler();
        var cache = new KernelCache(compiler, folder: null);
        Parallel.For(0, 16, _ => cache.Get(Source, KernelTarget.Sm80));
        Assert.Equal(1, compiler.Count);
    }

    [Fact]
    public void The_sources_lie_beside_the_image()
    {
        var cache = new KernelCache(new CountingCompiler(), _folder.Path);
        cache.Get(Source, KernelTarget.Sm80);
        var entry = Assert.Single(Directory.GetDirectories(_folder.Path));
        Assert.Equal(KernelCache.ContentName(Source, KernelTarget.Sm80) + "-compiler-1", Path.GetFileName(entry));
        Assert.StartsWith("k-sm_80-", Path.GetFileName(entry), StringComparison.Ordinal);
        Assert.Equal("text", File.ReadAllText(Path.Combine(entry, "k.cu")));
        Assert.Equal("header", File.ReadAllText(Path.Combine(entry, "common", "h.cuh")));
        Assert.Equal("-DA=1\n", File.ReadAllText(Path.Combine(entry, "options.txt")));
    }

    [Fact]
    public void Everything_that_the_compiler_reads_is_in_the_key()
    {
        var names = new[]
        {
            KernelCache.ContentName(Source, KernelTarget.Sm80),
            KernelCache.ContentName(Source, KernelTarget.Sm90a),
            KernelCache.ContentName(Source with { Text = "text2" }, KernelTarget.Sm80),
            KernelCache.ContentName(Source with { Name = "l.cu" }, KernelTarget.Sm80),
            KernelCache.ContentName(Source with { Options = ["-DA=2"] }, KernelTarget.Sm80),
            KernelCache.ContentName(Source with { Options = [] }, KernelTarget.Sm80),
            KernelCache.ContentName(Source with { Headers = [new("common/h.cuh", "header2")] }, KernelTarget.Sm80),
            KernelCache.ContentName(Source with { Headers = [new("common/i.cuh", "header")] }, KernelTarget.Sm80),
            KernelCache.ContentName(Source with { Headers = [new("common/h.cuhh", "eader")] }, KernelTarget.Sm80),
        };
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.Equal(names[0], KernelCache.ContentName(Source with { Variant = "renamed" }, KernelTarget.Sm80));
    }

    [Theory]
    [InlineData("image.bin")]
    [InlineData("image.sha256")]
    [InlineData("compiler.log")]
    public void A_damaged_entry_is_compiled_again_and_replaced(string file)
    {
        var compiler = new CountingCompiler();
        new KernelCache(compiler, _folder.Path).Get(Source, KernelTarget.Sm80);
        var path = Path.Combine(Assert.Single(Directory.GetDirectories(_folder.Path)), file);
        if (file == "compiler.log") File.Delete(path);
        else File.WriteAllText(path, "damaged");
        Assert.Equal(KernelOrigin.Compiled, new KernelCache(compiler, _folder.Path).Get(Source, KernelTarget.Sm80).Origin);
        Assert.Equal(KernelOrigin.Disk, new KernelCache(compiler, _folder.Path).Get(Source, KernelTarget.Sm80).Origin);
        Assert.Single(Directory.GetDirectories(_folder.Path));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_costs_only_time()
    {
        // A file where the folder should be: refused to everybody, root included.
        var blocked = _folder.WriteText("blocked", "");
        var compiler = new CountingCompiler();
        var cache = new KernelCache(compiler, blocked);
        Assert.Equal(KernelOrigin.Compiled, cache.Get(Source, KernelTarget.Sm80).Origin);
        cache.Get(Source, KernelTarget.Sm80);
        Assert.Equal(1, compiler.Count);
        Assert.Equal("", File.ReadAllText(blocked));
    }

    [Fact]
    public void Two_processes_at_once_both_get_their_kernel_and_leave_one_entry()
    {
        // Each compiler waits for the other, so both find nothing and both publish.
        using var both = new Barrier(2);
        var images = new byte[2][];
        var threads = Enumerable.Range(0, 2).Select(i => new Thread(() =>
            images[i] = new KernelCache(new CountingCompiler { Meet = both }, _folder.Path).Get(Source, KernelTarget.Sm80).Kernel.Image)).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        Assert.All(images, image => Assert.Equal(CountingCompiler.ImageOf(Source, KernelTarget.Sm80), image));
        Assert.Single(Directory.GetDirectories(_folder.Path));
        Assert.Equal(KernelOrigin.Disk, new KernelCache(new CountingCompiler(), _folder.Path).Get(Source, KernelTarget.Sm80).Origin);
    }

    [Fact]
    public void Folders_that_came_with_a_model_are_read_first_and_never_written()
    {
        var compiler = new CountingCompiler();
        var shipped = _folder.Combine("shipped");
        new KernelCache(compiler, shipped).Get(Source, KernelTarget.Sm80);
        var own = _folder.Combine("own");
        var cache = new KernelCache(compiler, own, [shipped]);
        Assert.Equal(KernelOrigin.Disk, cache.Get(Source, KernelTarget.Sm80).Origin);
        Assert.Equal(KernelOrigin.Compiled, cache.Get(Source, KernelTarget.Sm90a).Origin);
        Assert.Single(Directory.GetDirectories(shipped));
        Assert.Single(Directory.GetDirectories(own));
    }

    [Fact]
    public void Another_compiler_compiles_again_but_reads_what_came_with_a_model()
    {
        new KernelCache(new CountingCompiler(), _folder.Path).Get(Source, KernelTarget.Sm80);
        var newer = new CountingCompiler { Version = "compiler-2" };
        Assert.Equal(KernelOrigin.Disk, new KernelCache(newer, null, [_folder.Path]).Get(Source, KernelTarget.Sm80).Origin);
        Assert.Equal(KernelOrigin.Compiled, new KernelCache(newer, _folder.Path).Get(Source, KernelTarget.Sm80).Origin);
        Assert.Equal(2, Directory.GetDirectories(_folder.Path).Length);
    }

    [Fact]
    public void Without_a_compiler_the_cache_serves_and_the_rest_says_what_is_missing()
    {
        new KernelCache(new CountingCompiler(), _folder.Path).Get(Source, KernelTarget.Sm80);
        var cache = new KernelCache(new MissingCompiler(new QatKitException("QK6010", "NVRTC", "not here.")), _folder.Path);
        Assert.Equal(KernelOrigin.Disk, cache.Get(Source, KernelTarget.Sm80).Origin);
        Assert.Equal("QK6010 NVRTC: not here.", Assert.Throws<QatKitException>(() => cache.Get(Source, KernelTarget.Sm90a)).Message);
    }

    [Fact]
    public void A_failure_is_not_remembered()
    {
        var compiler = new CountingCompiler { Failures = 1 };
        var cache = new KernelCache(compiler, _folder.Path);
        Assert.Throws<QatKitException>(() => cache.Get(Source, KernelTarget.Sm80));
        Assert.Equal(KernelOrigin.Compiled, cache.Get(Source, KernelTarget.Sm80).Origin);
    }

    private sealed class CountingCompiler : IKernelCompiler
    {
        private int _count;

        public string? Version { get; init; } = "compiler-1";

        public int Failures { get; init; }

        public Barrier? Meet { get; init; }

        public int Count => _count;

        public static byte[] ImageOf(KernelSource source, KernelTarget target) => System.Text.Encoding.UTF8.GetBytes(source.Text + target.Name);

        public CompiledKernel Compile(KernelSource source, KernelTarget target)
        {
            Meet?.SignalAndWait(TimeSpan.FromSeconds(60));
            return Interlocked.Increment(ref _count) <= Failures
                ? throw new QatKitException("QK6011", source.Name, "does not compile.")
                : new CompiledKernel(ImageOf(source, target), $"log of {source.Name}");
        }
    }
}
