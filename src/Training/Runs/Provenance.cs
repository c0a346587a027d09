using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using QatKit.Core.Numerics;
using QatKit.Testing;
using QatKit.Training.Recipes;
using TorchSharp;

namespace QatKit.Training.Runs;

// Where a model comes from, as free-form pairs for run.json and the artifact.
internal static class Provenance
{
    public static Dictionary<string, string> Create(LoadedRecipe loaded, RunInputs inputs, torch.Device device, string modelOrigin) => new()
    {
        ["recipe"] = RecipeText.ToYaml(loaded.Recipe),
        ["recipe.sha256"] = RecipeText.Sha256(loaded.Recipe),
        ["recipe.overrides"] = string.Join(' ', loaded.Overrides),
        ["seed"] = loaded.Recipe.Train.Seed.ToString(CultureInfo.InvariantCulture),
        ["data.sha256"] = inputs.DataSha256,
        ["vocabulary.sha256"] = inputs.Encoder.Vocabulary.Sha256,
        ["model.origin"] = modelOrigin,
        // With source control information the version ends in +COMMIT.
        ["version.qatkit"] = Version(typeof(Provenance)),
        ["version.torchsharp"] = Version(typeof(torch)),
        ["version.dotnet"] = RuntimeInformation.FrameworkDescription,
        ["version.numerics"] = NumericsContract.Version.ToString(CultureInfo.InvariantCulture),
        ["machine.os"] = RuntimeInformation.OSDescription,
        ["machine.device"] = device.ToString(),
        ["machine.threads"] = torch.get_num_threads().ToString(CultureInfo.InvariantCulture),
        ["machine.tier"] = EngineImplementations.AvailableTiers[^1].ToString(),
    };

    private static string Version(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? type.Assembly.GetName().Version!.ToString();
}
