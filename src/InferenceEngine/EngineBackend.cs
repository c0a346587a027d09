namespace QatKit.InferenceEngine;

/// <summary>What computes. Every backend gives the same bits.</summary>
public enum EngineBackend
{
    /// <summary>A CUDA device where one can run the model, else the processor; <see cref="InferenceSession.Fallback"/> has the
    /// reason. Asking for threads or an instruction tier asks for the processor.</summary>
    Auto,

    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>A CUDA device; loading fails where none can run the model.</summary>
    Cuda,
}
