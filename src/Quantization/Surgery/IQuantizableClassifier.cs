using QatKit.Core.Graph;

namespace QatKit.Quantization.Surgery;

/// <summary>A BERT classifier with Hugging Face module paths (<see cref="ModuleNames"/>) that can be prepared and frozen.</summary>
public interface IQuantizableClassifier
{
    /// <summary>Sizes.</summary>
    BertArchitecture Architecture { get; }
}
