using System.Runtime.CompilerServices;
using QatKit.Quantization.Native;

namespace QatKit.Parity.Tests;

/// <summary>Registers the native library before any test touches torch.</summary>
internal static class TorchSetup
{
#pragma warning disable CA2255 // A test assembly has no entry point of its own to do this in.
    [ModuleInitializer]
    internal static void Initialize() => TorchNativeLibrary.Register();
#pragma warning restore CA2255
}
