namespace QatKit.Cli.Doctor;

/// <summary>Whether a component can be used.</summary>
internal enum FindingState
{
    Ok,
    Missing,
}

/// <summary>One line of the checkup.</summary>
/// <param name="Component">What was looked for.</param>
/// <param name="State">Whether it is there.</param>
/// <param name="Required">Whether training or inference is impossible without it.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Remedy">What to do, when it is missing.</param>
internal sealed record Finding(string Component, FindingState State, bool Required, string Detail, string Remedy = "");
