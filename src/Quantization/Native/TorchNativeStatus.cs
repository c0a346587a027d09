namespace QatKit.Quantization.Native;

/// <summary>Where TorchSharp's native library came from.</summary>
public enum TorchNativeSource
{
    /// <summary>The system's loader found it, or it was not needed yet.</summary>
    SystemLoader,

    /// <summary>It was loaded from the NuGet folder after its parts.</summary>
    NuGetFolder,

    /// <summary>A copy without the one symbol that this system's libstdc++ lacks was loaded.</summary>
    Repaired,

    /// <summary>It could not be loaded.</summary>
    Failed,
}

/// <summary>How TorchSharp's native library was found.</summary>
/// <param name="Source">Where it came from.</param>
/// <param name="Path">The file, where known.</param>
/// <param name="Reason">Why the repair was needed, or why loading failed.</param>
public sealed record TorchNativeStatus(TorchNativeSource Source, string Path, string Reason)
{
    internal static readonly TorchNativeStatus SystemLoader = new(TorchNativeSource.SystemLoader, "", "");
}
