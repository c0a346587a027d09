using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Tensors;

namespace QatKit.Core.Artifact;

/// <summary>Reads a model folder: everything is checked, and there is a whole model or an error, never half of one.</summary>
public static class ArtifactReader
{
    /// <summary>Reads an artifact and verifies its checksums.</summary>
    /// <exception cref="QatKitException">QK4001 unreadable, QK4010 missing file, QK4011 bad SHA256SUMS, QK4012 damaged file,
    /// QK4013 bad JSON, QK4014 unknown version, QK4015 unsupported model, QK4016 manifest and model disagree, QK4020 to QK4023
    /// tensors missing, extra, of another type or shape, QK4024 inverse scale, QK4025 mask hash, safetensors errors
    /// (QK4002 to QK4005), and those of <see cref="QuantizedGraphValidator"/>.</exception>
    public static ModelArtifact Read(string directory) => Read(directory, artifact =>
        new ModelArtifact(artifact.Header, artifact.Reader.Read(threads: 1, take: null)));

    /// <summary>Reads everything but the tensors, and verifies the checksums of what it reads: labels and tokenizer of a model whose weights an engine loads.</summary>
    /// <exception cref="QatKitException">As <see cref="Read(string)"/>, without what concerns tensors.</exception>
    public static ArtifactHeader ReadHeader(string directory) => Guarded(directory, () =>
    {
        var folder = new ArtifactFolder(directory);
        folder.Damage.ThrowIfAny();
        return folder.Parse().Header;
    });

    /// <summary>As <see cref="Read(string)"/>, for whoever wants something else of the folder than the whole graph.</summary>
    /// <param name="directory">The folder.</param>
    /// <param name="build">Makes the result while the tensors' checksum is still being computed; may throw a <see cref="QatKitException"/>.
    /// Where the sum is wrong, the result is dropped, and that error reported instead of any other.</param>
    internal static T Read<T>(string directory, Func<OpenArtifact, T> build) => Guarded(directory, () =>
    {
        var folder = new ArtifactFolder(directory);
        // The sum of the tensors is computed while they are parsed, over one open file: a folder that is replaced
        // meanwhile cannot mix two models.
        using var tensors = File.OpenHandle(folder.PathOf(ArtifactFiles.Tensors));
        var tensorSum = Task.Run(() => Checksums.Of(tensors));
        T? result = default;
        QatKitException? problem = null;
        try
        {
            if (folder.Damage.IsEmpty) result = Parse(folder, tensors, build);
        }
        catch (QatKitException e)
        {
            problem = e; // Reported when the tensors' sum holds: otherwise the damage is the cause.
        }

        folder.Verify(ArtifactFiles.Tensors, tensorSum.GetAwaiter().GetResult());
        folder.Damage.ThrowIfAny();
        if (problem is not null) ExceptionDispatchInfo.Throw(problem);
        return result!;
    });

    private static T Guarded<T>(string directory, Func<T> read)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (!Directory.Exists(directory))
            throw new QatKitException("QK4010", directory, "the folder does not exist.");
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new QatKitException("QK4001", directory, $"the artifact cannot be read: {e.Message}", e);
        }
    }

    private static T Parse<T>(ArtifactFolder folder, SafeFileHandle tensors, Func<OpenArtifact, T> build)
    {
        var (header, architecture) = folder.Parse();
        var path = folder.PathOf(ArtifactFiles.Tensors);
        using var file = SafetensorsFile.Open(path, tensors, ownsHandle: false);
        TensorTable.Check(path, file, architecture, header.Manifest);
        return build(new OpenArtifact(header, new GraphReader(path, file, architecture, header.Manifest)));
    }
}
