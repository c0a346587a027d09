using System.Text.Json;
using QatKit.Core.Diagnostics;
using QatKit.Core.Tensors;
using static TorchSharp.torch;

namespace QatKit.Training.Trainer;

/// <summary>Training state in one file: safetensors, with the <see cref="TrainingState"/> as JSON in its metadata.</summary>
/// <remarks>One file can be written aside and renamed in one operation, so a checkpoint is either the old one or the new one.</remarks>
public static class TrainingCheckpoint
{
    private const string StateKey = "qatkit.training_state";

    /// <summary>Writes a checkpoint; an existing one is replaced when the new one is complete.</summary>
    public static void Write(string path, TrainingState state, IEnumerable<(string Name, Tensor Tensor)> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        using var scope = NewDisposeScope();
        var writer = new SafetensorsWriter();
        writer.SetMetadata(StateKey, JsonSerializer.Serialize(state));
        foreach (var (name, tensor) in tensors)
        {
            var values = tensor.detach().cpu().contiguous();
            switch (values.dtype)
            {
                case ScalarType.Float32: writer.Add(name, values.shape, values.data<float>().ToArray()); break;
                case ScalarType.Int64: writer.Add(name, values.shape, values.data<long>().ToArray()); break;
                case ScalarType.Byte: writer.Add(name, values.shape, values.data<byte>().ToArray()); break;
                default: throw new ArgumentException($"'{name}' is {values.dtype}; a checkpoint holds float32, int64 and uint8.", nameof(tensors));
            }
        }

        writer.Write(path);
    }

    /// <summary>Reads a checkpoint. The tensors belong to the current dispose scope.</summary>
    /// <exception cref="QatKitException">QK1132: the file is not a checkpoint of this version; QK40xx: it is damaged.</exception>
    public static (TrainingState State, IReadOnlyDictionary<string, Tensor> Tensors) Read(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var state = ReadState(file, path);
        var tensors = new Dictionary<string, Tensor>();
        foreach (var name in file.Names)
        {
            var info = file.Info(name);
            long[] shape = [.. info.Shape];
            tensors[name] = info.Type switch
            {
                TensorType.F32 => tensor(file.ReadFloat32(name), shape),
                TensorType.I64 => tensor(file.ReadInt64(name), shape),
                _ => tensor(file.ReadUInt8(name), shape),
            };
        }

        return (state, tensors);
    }

    /// <summary>Reads the state alone.</summary>
    /// <exception cref="QatKitException">QK1132: the file is not a checkpoint of this version; QK40xx: it is damaged.</exception>
    public static TrainingState ReadState(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return ReadState(file, path);
    }

    private static TrainingState ReadState(SafetensorsFile file, string path)
    {
        try
        {
            if (file.Metadata.TryGetValue(StateKey, out var json) && JsonSerializer.Deserialize<TrainingState>(json) is { Format: 1 } state) return state;
        }
        catch (JsonException)
        {
            // Reported below: it is not ours.
        }

        throw new QatKitException("QK1132", path, "the file is not a training checkpoint of this version. Delete the run folder and start again.");
    }
}
