namespace QatKit.Export;

/// <summary>Puts a finished folder in the place of another.</summary>
internal static class FolderSwap
{
    /// <summary>Renames <paramref name="finished"/> to <paramref name="target"/>. An older target is moved aside first, put
    /// back when the rename fails, and deleted when it succeeds.</summary>
    public static void Replace(string finished, string target)
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

        Directory.Delete(old, recursive: true);
    }
}
