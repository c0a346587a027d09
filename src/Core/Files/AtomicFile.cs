using System.Text;
using QatKit.Core.Diagnostics;

namespace QatKit.Core.Files;

/// <summary>Writes a file aside, flushes it to the disk and renames it, so that a reader sees the old or the new file,
/// never half of one.</summary>
public static class AtomicFile
{
    /// <summary>Writes <paramref name="path"/>, replacing an existing file; missing folders are created.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes the content; when it throws, the old file stays and nothing else is left behind.</param>
    /// <param name="verify">Reads the file aside, whose path it gets, before it takes the old one's place; when it throws, the old file stays.</param>
    /// <exception cref="QatKitException">QK4008: the file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write, Action<string>? verify = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        var full = Path.GetFullPath(path);
        var aside = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            using (var stream = new FileStream(aside, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            verify?.Invoke(aside);
            File.Move(aside, full, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new QatKitException("QK4008", path, $"the file cannot be written: {e.Message} Check the folder's rights and the free space.", e);
        }
        finally
        {
            // Already renamed on success. Deleting in a folder that does not exist would throw, and hide what went wrong.
            if (File.Exists(aside)) File.Delete(aside);
        }
    }

    /// <summary>Writes a text as UTF-8 without a byte order mark.</summary>
    /// <exception cref="QatKitException">QK4008: the file cannot be written.</exception>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
}
