using QatKit.Core.Tensors;
using QatKit.TestKit;

namespace QatKit.Core.Tests.Tensors;

/// <summary>Files that other tools wrote.</summary>
public sealed class SharedCheckpointTests
{
    [Theory]
    [InlineData("models/bert-tiny-uncased-mlm/model.safetensors", "bert.embeddings.word_embeddings.weight", "[30522, 128]")]
    [InlineData("models/bert-tiny-sst2-layers/layers_only.safetensors", "bert.encoder.layer.1.output.dense.weight", "[128, 512]")]
    public void A_published_checkpoint_is_read_and_written_back(string path, string tensor, string shape)
    {
        using var folder = new TempFolder();
        using var file = SafetensorsFile.Open(SharedData.Require(path));
        Assert.Equal(shape, file.Info(tensor).ShapeText);
        var writer = new SafetensorsWriter();
        foreach (var name in file.Names) writer.Add(name, file.Info(name).Shape, file.ReadFloat32(name));
        writer.Write(folder.Combine("copy.safetensors"));
        using var copy = SafetensorsFile.Open(folder.Combine("copy.safetensors"));
        Assert.Equal(file.Names, copy.Names);
        Assert.All(file.Names, name => TensorAssert.BitEqual(file.ReadFloat32(name), copy.ReadFloat32(name), context: name));
        Assert.Contains(file.ReadFloat32(tensor), v => v != 0);
    }
}
