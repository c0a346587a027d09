using System.Reflection;
using QatKit.TestKit;

namespace QatKit.Core.Tests.Architecture;

public sealed class ArchitectureTests
{
    private static readonly string[] WithoutTorch = ["QatKit.Core", "QatKit.Sparsity", "QatKit.Export", "QatKit.InferenceEngine", "QatKit.Testing", "QatKit.Text"];

    public static TheoryData<string> LibrariesWithoutTorch => [.. WithoutTorch];

    [Theory]
    [MemberData(nameof(LibrariesWithoutTorch))]
    public void Torch_and_training_stay_out_of_deployment(string library)
    {
        static bool Forbidden(string name) =>
            name.StartsWith("TorchSharp", StringComparison.Ordinal) || name is "QatKit.Quantization" or "QatKit.Training" or "QatKit.Cli";
        AssertNoChain(library, Forbidden);
    }

    [Fact]
    public void Core_uses_the_base_class_library_only() => AssertNoChain("QatKit.Core", name => !IsBaseClassLibrary(name));

    [Fact]
    public void Sparsity_uses_Core_only() => AssertNoChain("QatKit.Sparsity", name => name != "QatKit.Core" && !IsBaseClassLibrary(name));

    [Fact]
    public void The_other_engine_stays_out_of_everything_that_is_deployed() =>
        Assert.All(WithoutTorch, l => AssertNoChain(l, name => name is "QatKit.Comparison" || name.StartsWith("Microsoft.ML.OnnxRuntime", StringComparison.Ordinal)));

    [Fact]
    public void The_comparison_sees_no_torch() =>
        AssertNoChain("QatKit.Comparison", name => name.StartsWith("TorchSharp", StringComparison.Ordinal) || name is "QatKit.Quantization" or "QatKit.Training" or "QatKit.Cli");

    [Fact]
    public void Libraries_reference_only_the_managed_torch_package() =>
        Assert.All(AssemblyGraph.Libraries, l => AssertNoChain(l, name => name.StartsWith("TorchSharp-", StringComparison.Ordinal)));

    [Theory]
    [MemberData(nameof(LibrariesWithoutTorch))]
    public void Deployed_libraries_are_ahead_of_time_compatible(string library) =>
        Assert.Contains("<IsAotCompatible>true</IsAotCompatible>",
            File.ReadAllText(RepositoryRoot.Combine("src", library["QatKit.".Length..], library + ".csproj")), StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(LibrariesWithoutTorch))]
    public void No_record_prints_a_pointer(string library)
    {
        // The text that a record makes of itself boxes its properties; with a pointer among them the native compiler ends with InvalidCastException.
        const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var records = Assembly.Load(library).GetTypes().Where(t => t.GetMethod("PrintMembers", Own) is not null);
        Assert.DoesNotContain(records, t => t.GetProperties(Own).Any(p => p.PropertyType.IsPointer) || t.GetFields(Own).Any(f => f.FieldType.IsPointer));
    }

    [Fact]
    public void The_walk_reports_the_offending_chain()
    {
        var graph = new AssemblyGraph(new Dictionary<string, string[]>
        {
            ["QatKit.Testing"] = ["QatKit.Core", "QatKit.InferenceEngine"],
            ["QatKit.InferenceEngine"] = ["QatKit.Sparsity"],
            ["QatKit.Sparsity"] = ["TorchSharp"],
        });
        Assert.Equal(["QatKit.Testing", "QatKit.InferenceEngine", "QatKit.Sparsity", "TorchSharp"], graph.ChainTo("QatKit.Testing", n => n == "TorchSharp"));
        Assert.Null(graph.ChainTo("QatKit.Testing", n => n == "QatKit.Training"));
    }

    private static bool IsBaseClassLibrary(string name) =>
        name is "mscorlib" or "netstandard" or "System" || name.StartsWith("System.", StringComparison.Ordinal);

    private static void AssertNoChain(string library, Func<string, bool> forbidden)
    {
        foreach (var graph in new[] { AssemblyGraph.OfBuiltAssemblies(), AssemblyGraph.OfProjectFiles() })
        {
            if (graph.ChainTo(library, forbidden) is { } chain)
                Assert.Fail($"Forbidden reference: {string.Join(" -> ", chain)}");
        }
    }
}
