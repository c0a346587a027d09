using System.Text.Json;
using QatKit.Core.Diagnostics;
using QatKit.Core.Files;
using QatKit.Training.Recipes;
using QatKit.Training.Trainer;

namespace QatKit.Training.Runs;

/// <summary>The files of one run: <c>recipe.yaml</c> (every default written out), <c>run.json</c> (provenance), <c>evaluation.json</c>, <c>metrics.jsonl</c>,
/// <c>tensorboard/</c>, <c>checkpoints/</c>, <c>vocab.txt</c> and the artifact.</summary>
public sealed class RunFolder
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The names that a run has for its files and folders: no model in it can have one of them.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["recipe.yaml", "run.json", "evaluation.json", "metrics.jsonl", "tensorboard", "checkpoints", "vocab.txt", "parity.json", "parity.md"];

    /// <summary>Names a folder; nothing is written yet.</summary>
    public RunFolder(string path) => Root = Path.GetFullPath(path);

    /// <summary>Full path.</summary>
    public string Root { get; }

    /// <summary>The resolved recipe.</summary>
    public string RecipePath => Path.Combine(Root, "recipe.yaml");

    /// <summary>Provenance.</summary>
    public string ProvenancePath => Path.Combine(Root, "run.json");

    /// <summary>Metrics of the finished models on the dev set.</summary>
    public string EvaluationPath => Path.Combine(Root, "evaluation.json");

    /// <summary>Metrics, one JSON object per line.</summary>
    public string MetricsPath => Path.Combine(Root, "metrics.jsonl");

    /// <summary>TensorBoard event files.</summary>
    public string TensorBoardPath => Path.Combine(Root, "tensorboard");

    /// <summary>Checkpoints.</summary>
    public string Checkpoints => Path.Combine(Root, "checkpoints");

    /// <summary>The best floating-point model in Hugging Face form.</summary>
    public string Fp32 => Path.Combine(Checkpoints, "fp32");

    /// <summary>The checkpoint from which a run goes on.</summary>
    public string Last => Path.Combine(Checkpoints, QatTrainer.LastCheckpoint);

    /// <summary>The finished fake-quantized model.</summary>
    public string FakeQuant => Path.Combine(Checkpoints, "fake-quant.safetensors");

    /// <summary>The model's vocabulary.</summary>
    public string VocabularyPath => Path.Combine(Root, "vocab.txt");

    /// <summary>Prepares the folder for a new run, or checks that it is a run of the same recipe.</summary>
    /// <exception cref="QatKitException">QK1130 the run was made with another recipe (every difference is told), QK1131 there is
    /// nothing to resume, QK1133 the folder holds something already.</exception>
    public void Open(LoadedRecipe loaded, bool resume)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        if (resume) CheckSameRecipe(loaded.Recipe);
        else if (Directory.Exists(Root) && Directory.EnumerateFileSystemEntries(Root).Any())
            throw new QatKitException("QK1133", Root, $"the folder is not empty. {Remedy()} another folder with --output.");
        Directory.CreateDirectory(Checkpoints);
        if (!resume) AtomicFile.WriteText(RecipePath, RecipeText.ToYaml(loaded.Recipe));
    }

    // A folder that is no run holds what only its owner may delete.
    private string Remedy() =>
        File.Exists(Last) ? "Resume the run in it with --resume, or name"
        : File.Exists(RecipePath) && Directory.Exists(Checkpoints) ? "The run in it ended before its first checkpoint: delete it, or name"
        : "Name";

    /// <summary>Writes <c>run.json</c>.</summary>
    public void WriteProvenance(IReadOnlyDictionary<string, string> provenance) => WriteMap(ProvenancePath, provenance);

    /// <summary>Checks that a run that goes on reads the data and the vocabulary with which it was started, on the same kind of device
    /// with as many threads: on another one sums are rounded in another order, and its bits would depend on where it stopped.</summary>
    /// <exception cref="QatKitException">QK1136: data or vocabulary has changed; QK1137: device or threads.</exception>
    public void CheckSameConditions(IReadOnlyDictionary<string, string> provenance)
    {
        ArgumentNullException.ThrowIfNull(provenance);
        var problems = new DiagnosticBag();
        foreach (var (key, old) in ReadProvenance())
        {
            if (key is "data.sha256" or "vocabulary.sha256" && provenance[key] != old)
                problems.Add("QK1136", ProvenancePath, $"{key} = {provenance[key]}, but the run was started with {old}. Put the files back, or start a new run.");
            if (key is "machine.device" or "machine.threads" && provenance[key] != old)
                problems.Add("QK1137", ProvenancePath, $"{key} = {provenance[key]}, but the run was started with {old}. Resume it on such a machine (DOTNET_PROCESSOR_COUNT lowers the number of threads), or start a new run.");
        }

        problems.ThrowIfAny();
    }

    /// <summary>Reads <c>run.json</c>; empty where the run has none.</summary>
    public IReadOnlyDictionary<string, string> ReadProvenance() => ReadMap<string>(ProvenancePath);

    /// <summary>Writes <c>evaluation.json</c>.</summary>
    public void WriteEvaluation(IReadOnlyDictionary<string, double> evaluation) => WriteMap(EvaluationPath, evaluation);

    /// <summary>Reads <c>evaluation.json</c>; empty where the run has none.</summary>
    public IReadOnlyDictionary<string, double> ReadEvaluation() => ReadMap<double>(EvaluationPath);

    private static void WriteMap<T>(string path, IReadOnlyDictionary<string, T> map) =>
        AtomicFile.WriteText(path, JsonSerializer.Serialize(map, Indented) + "\n");

    private static Dictionary<string, T> ReadMap<T>(string path)
    {
        if (!File.Exists(path)) return [];
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, T>>(File.ReadAllText(path)) ?? [];
        }
        catch (JsonException e)
        {
            throw new QatKitException("QK1135", path, $"the file is not what a run writes: {e.Message} Restore it, or remove it: the model is then exported without what it says.", e);
        }
    }

    private void CheckSameRecipe(Recipe recipe)
    {
        if (!File.Exists(RecipePath))
            throw new QatKitException("QK1131", Root, "there is no run to resume. Start it without --resume.");
        if (!File.Exists(Last))
            throw new QatKitException("QK1131", Root, "the run ended before its first checkpoint. Delete the folder and start the run without --resume.");
        var before = RecipeText.Flatten(RecipeLoader.Load(RecipePath).Recipe).ToDictionary();
        var now = RecipeText.Flatten(recipe).ToDictionary();
        var problems = new DiagnosticBag();
        foreach (var key in before.Keys.Union(now.Keys))
        {
            var (old, present) = (before.GetValueOrDefault(key, "absent"), now.GetValueOrDefault(key, "absent"));
            if (old != present)
                problems.Add("QK1130", RecipePath, $"{key} = {present}, but the run was started with {old}. Resume with the same recipe, or start a new run.");
        }

        problems.ThrowIfAny();
    }
}
