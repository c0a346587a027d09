using QatKit.Training.Bert;

namespace QatKit.Training.Runs;

/// <summary>The model that a run starts from.</summary>
/// <param name="Model">The model.</param>
/// <param name="Origin">One line about where its weights come from.</param>
/// <param name="ClassesNote">One line about the classes of its classifier, where they were not simply those of the task; null otherwise.</param>
public sealed record StartingModel(BertForSequenceClassification Model, string Origin, string? ClassesNote);
