namespace QatKit.Training.Recipes;

/// <summary>Everything that defines a run: model, data, training, quantization, sparsity and the gates of verification.</summary>
/// <remarks>Immutable. <see cref="RecipeLoader"/> reads one from YAML; <see cref="RecipeValidator"/> checks one built in code.
/// The documentation of each property is the text of docs/recipe-reference.md.</remarks>
public sealed record Recipe
{
    /// <summary>Short name of letters, digits, <c>.</c>, <c>_</c> and <c>-</c>; the default run folder is <c>runs/NAME</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The model to start from.</summary>
    public required ModelSection Model { get; init; }

    /// <summary>The task and its data.</summary>
    public required TaskSection Task { get; init; }

    /// <summary>Fine-tuning in floating point, and settings that hold for every stage.</summary>
    public TrainSection Train { get; init; } = new();

    /// <summary>Quantization-aware training.</summary>
    public QuantizationSection Quantization { get; init; } = new();

    /// <summary>Structured sparsity; without this section the model stays dense.</summary>
    public SparsitySection? Sparsity { get; init; }

    /// <summary>The finished model.</summary>
    public ExportSection Export { get; init; } = new();

    /// <summary>What must hold before a run counts as a success.</summary>
    public VerifySection Verify { get; init; } = new();
}
