using QatKit.Core.Diagnostics;
using QatKit.Core.Files;
using QatKit.Core.Graph;
using QatKit.Core.Tensors;
using TorchSharp;
using TorchSharp.Modules;

namespace QatKit.Training.Bert;

/// <summary>Reads and writes model folders of Hugging Face's form: <c>config.json</c> and <c>model.safetensors</c>.</summary>
public static class BertCheckpoint
{
    /// <summary>Name of the weights file in a model folder.</summary>
    public const string WeightsFile = "model.safetensors";

    /// <summary>Name of the configuration file in a model folder.</summary>
    public const string ConfigFile = "config.json";

    /// <summary>Loads a model folder.</summary>
    /// <param name="folder">Holds <c>config.json</c> and <c>model.safetensors</c>.</param>
    /// <param name="seed">Initialises the heads that the file lacks.</param>
    /// <param name="classes">C; when omitted, what the configuration says.</param>
    /// <exception cref="QatKitException">Configuration or weights do not fit; see <see cref="LoadInto"/> and <see cref="BertConfig.Load"/>.</exception>
    public static (BertForSequenceClassification Model, BertCheckpointReport Report) Load(string folder, int seed, int? classes = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return Load(folder, BertConfig.Load(Path.Combine(folder, ConfigFile), classes), seed);
    }

    /// <summary>Loads the weights of a model folder into a model of another configuration than the folder's own, such as one with
    /// another dropout.</summary>
    /// <param name="folder">Holds <c>model.safetensors</c>.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="seed">Initialises the heads that the file lacks.</param>
    /// <exception cref="QatKitException">The weights do not fit; see <see cref="LoadInto"/>.</exception>
    public static (BertForSequenceClassification Model, BertCheckpointReport Report) Load(string folder, BertConfig config, int seed)
    {
        var weights = WeightsOf(folder);
        CheckpointSizes.Check(config, weights);
        var model = new BertForSequenceClassification(config, seed);
        try
        {
            return (model, LoadInto(model, weights));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The weights file of a model folder.</summary>
    /// <exception cref="QatKitException">QK2026: there is none, or only one of another kind; the message says how to convert it.</exception>
    public static string WeightsOf(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var path = Path.Combine(folder, WeightsFile);
        if (File.Exists(path)) return path;
        var shards = Path.Combine(folder, WeightsFile + ".index.json");
        throw new QatKitException("QK2026", path, "the file does not exist. " + (
            File.Exists(shards) ? $"The folder has the weights in several files; save them as one, with save_pretrained(folder, max_shard_size=\"100GB\") of Python's transformers."
            : Directory.Exists(folder) && Directory.EnumerateFiles(folder, "pytorch_model*").Any() ? "The folder has weights as pickle files, which can run code when they are read; save them with save_pretrained(folder, safe_serialization=True) of Python's transformers."
            : "Pass a model folder in Hugging Face form."));
    }

    /// <summary>Loads weights into a model, all of them or none.</summary>
    /// <remarks>Pooler and classifier may be absent (they keep their values). <c>cls.*</c> and <c>*.position_ids</c> are ignored.
    /// Accepted spellings: LayerNorm <c>gamma</c>/<c>beta</c>, and a bare encoder's names without <c>bert.</c>.</remarks>
    /// <exception cref="QatKitException">QK2022 missing, QK2023 unexpected, QK2024 wrong shape, QK2025 not finite: every problem at once.</exception>
    public static BertCheckpointReport LoadInto(BertForSequenceClassification model, string path)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var file = SafetensorsFile.Open(path);
        var parameters = model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        var problems = new DiagnosticBag();
        var loaded = new Dictionary<string, float[]>();
        var ignored = new List<string>();
        var names = CanonicalNames(file);
        foreach (var (name, canonical) in names)
        {
            if (parameters.TryGetValue(canonical, out var parameter))
            {
                if (Read(file, name, path, parameter, problems) is { } values && !loaded.TryAdd(canonical, values))
                    problems.Add("QK2023", path, $"'{name}' and another tensor both mean '{canonical}'. Keep one of them.");
            }
            else if (IsIgnorable(name)) ignored.Add(name);
            else problems.Add("QK2023", path, $"tensor '{name}' has no place in the model.{Suggestion.For(canonical, parameters.Keys)} Check num_hidden_layers in config.json.");
        }

        var present = names.Select(n => n.Canonical).ToHashSet();
        var absent = parameters.Keys.Where(n => !present.Contains(n)).ToList();
        foreach (var name in absent.Where(n => !IsHead(n)))
            problems.Add("QK2022", path, Missing(name));
        problems.ThrowIfAny();
        Copy(loaded, parameters);
        return new BertCheckpointReport([.. loaded.Keys], absent, ignored);
    }

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c> with Hugging Face's names, float32.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder, made when it is missing.</param>
    /// <param name="labels">Name of each class; when omitted or empty, <c>LABEL_0</c> and so on.</param>
    public static void Save(BertForSequenceClassification model, string folder, IReadOnlyList<string>? labels = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        Directory.CreateDirectory(folder);
        var writer = new SafetensorsWriter();
        writer.SetMetadata("format", "pt");
        foreach (var (name, parameter) in model.named_parameters().OrderBy(p => p.name, StringComparer.Ordinal))
        {
            using var values = parameter.detach().cpu();
            writer.Add(name, parameter.shape, values.data<float>().ToArray());
        }

        writer.Write(Path.Combine(folder, WeightsFile));
        var config = model.Config.ToJson();
        AtomicFile.WriteText(Path.Combine(folder, ConfigFile), (labels is { Count: > 0 } ? CheckpointLabels.Write(config, labels) : config) + "\n");
    }

    /// <summary>The names in a file and the names of the model that they mean.</summary>
    internal static IReadOnlyList<(string Name, string Canonical)> CanonicalNames(SafetensorsFile file)
    {
        var bare = !file.Names.Any(n => n.StartsWith("bert.", StringComparison.Ordinal));
        return [.. file.Names.Select(n => (n, Canonical(n, bare)))];
    }

    internal static string Missing(string name) => $"tensor '{name}' is missing. Pass a checkpoint of the model that config.json describes.";

    private static string Canonical(string name, bool bare)
    {
        if (name.EndsWith("LayerNorm.gamma", StringComparison.Ordinal)) name = name[..^"gamma".Length] + "weight";
        else if (name.EndsWith("LayerNorm.beta", StringComparison.Ordinal)) name = name[..^"beta".Length] + "bias";
        var inside = name.Split('.')[0] is "embeddings" or "encoder" or "pooler";
        return bare && inside ? "bert." + name : name;
    }

    private static bool IsHead(string name) =>
        name.StartsWith(ModuleNames.Pooler, StringComparison.Ordinal) || name.StartsWith(ModuleNames.Classifier, StringComparison.Ordinal);

    private static bool IsIgnorable(string name) =>
        name.StartsWith("cls.", StringComparison.Ordinal) || name.EndsWith("embeddings.position_ids", StringComparison.Ordinal);

    private static float[]? Read(SafetensorsFile file, string name, string path, Parameter parameter, DiagnosticBag problems)
    {
        var info = file.Info(name);
        if (!info.Shape.SequenceEqual(parameter.shape))
        {
            var remedy = name.StartsWith(ModuleNames.Classifier, StringComparison.Ordinal)
                ? "The checkpoint was fine-tuned for another number of classes: use one without a classifier, or a task with as many."
                : "Make config.json and the checkpoint agree.";
            problems.Add("QK2024", path, $"tensor '{name}' has shape {info.ShapeText}, the model's is [{string.Join(", ", parameter.shape)}]. {remedy}");
            return null;
        }

        var values = file.ReadFloat32(name);
        var bad = Array.FindIndex(values, v => !float.IsFinite(v));
        if (bad < 0) return values;
        problems.Add("QK2025", path, $"tensor '{name}' holds {values[bad]} at element {bad}. Take a checkpoint from before the training diverged.");
        return null;
    }

    private static void Copy(Dictionary<string, float[]> values, Dictionary<string, Parameter> parameters)
    {
        using var noGrad = torch.no_grad();
        foreach (var (name, array) in values)
        {
            using var tensor = torch.tensor(array, parameters[name].shape);
            parameters[name].copy_(tensor);
        }
    }
}
