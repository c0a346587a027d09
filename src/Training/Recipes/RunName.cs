using System.Text.RegularExpressions;

namespace QatKit.Training.Recipes;

/// <summary>Names that a run, and the model in it, may have as a folder on every system.</summary>
public static partial class RunName
{
    /// <summary>True for letters, digits, '.', '_' and '-' of ASCII, with no '.' at either end, but for the names of Windows' devices.</summary>
    public static bool IsValid(string name) => Allowed().IsMatch(name) && !Device().IsMatch(name);

    [GeneratedRegex(@"^[A-Za-z0-9_-]([A-Za-z0-9._-]*[A-Za-z0-9_-])?\z")]
    private static partial Regex Allowed();

    // With any extension.
    [GeneratedRegex(@"^(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(\.|\z)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Device();
}
