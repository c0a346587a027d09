using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;

namespace QatKit.Export;

/// <summary>Puts a finished artifact in the place of an older one.</summary>
internal static class FolderSwap
{
    /// <summary>Renames <paramref name="finished"/> to <paramref name="target"/>. An older target is moved aside first, and put back when the
    /// rename fails. When it succeeds, what is no file of an artifact moves from the older folder into the new one, and the rest is deleted.</summary>
    /// <exception cref="QatKitException">QK4033: the new folder is in place, but the older one cannot be cleared away.</exception>
    public static void Replace(string finished, string target) => Replace(finished, target, folder => Directory.Delete(folder, recursive: true));

    /// <summary>As above, with the older folder deleted by <paramref name="delete"/>, so that a test can make that fail.</summary>
    internal static void Replace(string finished, string target, Action<string> delete)
    {
        if (!Directory.Exists(target))
        {
            Directory.Move(finished, target);
            return;
        }

        var old = $"{target}.{Guid.NewGuid():N}.old";
        Directory.Move(target, old);
        try
        {
            Directory.Move(finished, target);
        }
        catch
        {
            Directory.Move(old, target);
            throw;
        }

        try
        {
            foreach (var entry in OthersIn(old)) Move(entry, Path.Combine(target, Path.GetFileName(entry)));
            delete(old);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new QatKitException("QK4033", target, $"the new artifact is in place, but the older one, moved aside to '{old}', cannot be cleared away: {e.Message} Move what you need from there, and delete it.", e);
        }
    }

    /// <summary>What lies in an artifact's folder and is no file of the artifact: an ONNX file, compiled kernels, notes.</summary>
    public static IReadOnlyList<string> OthersIn(string folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder).Where(e => Directory.Exists(e) || !ArtifactFiles.Names.Contains(Path.GetFileName(e)))];

    private static void Move(string from, string to)
    {
        if (Directory.Exists(from)) Directory.Move(from, to);
        else File.Move(from, to);
    }
}
