using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.TestKit;

namespace QatKit.Export.Tests;

/// <summary>An artifact that is replaced while others read it.</summary>
public sealed class ReplacementTests
{
    [Fact]
    public async Task A_reader_sees_one_model_or_the_other_or_an_error()
    {
        using var folder = new TempFolder();
        var path = SmallModel.Write(folder, seed: 1);
        var (first, second) = (SmallModel.Graph(1), SmallModel.Graph(2));
        var writing = Task.Run(
            () =>
            {
                for (var i = 0; i < 15; i++) SmallModel.Write(folder, seed: 1 + i % 2);
            },
            TestContext.Current.CancellationToken);
        var read = 0;
        while (!writing.IsCompleted || read == 0)
        {
            try
            {
                var graph = ArtifactReader.Read(path).Graph;
                Assert.True(!GraphComparison.Differences(first, graph).Any() || !GraphComparison.Differences(second, graph).Any(), "a mixture of two models was read.");
                read++;
            }
            catch (QatKitException e)
            {
                // The folder or a file was gone for a moment, or belonged to the next model.
                Assert.All(e.Diagnostics, d => Assert.Contains(d.Code, new[] { "QK4001", "QK4010", "QK4012" }));
            }
        }

        await writing;
    }
}
