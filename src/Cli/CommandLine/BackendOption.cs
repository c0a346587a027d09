using System.CommandLine;
using QatKit.InferenceEngine;

namespace QatKit.Cli.CommandLine;

/// <summary>The <c>--backend</c> option.</summary>
internal static class BackendOption
{
    /// <summary>One backend: <c>cpu</c> (the default), <c>cuda</c> or <c>auto</c>.</summary>
    public static Option<EngineBackend> One() => new("--backend")
    {
        Description = "What computes: cpu, cuda, or auto, which falls back to the processor and says why.",
        DefaultValueFactory = _ => EngineBackend.Cpu,
    };

    /// <summary>Several backends, separated by commas.</summary>
    public static Option<EngineBackend[]> Several()
    {
        var option = new Option<EngineBackend[]>("--backend")
        {
            Description = "Backends to prove, separated by commas: cpu, cuda. One that is named and absent is an error.",
            DefaultValueFactory = _ => [EngineBackend.Cpu],
            CustomParser = result =>
            {
                var backends = new List<EngineBackend>();
                foreach (var name in result.Tokens.SelectMany(t => t.Value.Split(',')))
                {
                    if (name.Equals("cpu", StringComparison.OrdinalIgnoreCase)) backends.Add(EngineBackend.Cpu);
                    else if (name.Equals("cuda", StringComparison.OrdinalIgnoreCase)) backends.Add(EngineBackend.Cuda);
                    else result.AddError($"'{name}' in --backend is not a backend. Use cpu, cuda, or both as cuda,cpu.");
                }

                return [.. backends.Distinct()];
            },
        };
        return option;
    }
}
