using System.Text.RegularExpressions;

namespace QatKit.Training.Recipes;

/// <summary>Names that a run, and the model in it, may have as a folder on every system.</summary>
public static partial class RunName
{
    /// <summary>True for letters, digits, '.', '_' and '-' of ASCII, with no '.' at either end.</summary>
    public static bool IsValid(string name) => Allowed().IsMatch(name);

    [GeneratedRegex(@"^[A-Za-z0-9_-]([A-Za-z0-9._-]*[A-Za-z0-9_-])?\z")]
    private static partial Regex Allowed();
}
