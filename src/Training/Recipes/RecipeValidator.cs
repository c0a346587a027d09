using System.Globalization;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Training.Data;
using QatKit.Training.Data.Reviews;
using QatKit.Training.Metrics;
using QatKit.Training.Recipes.Binding;
using QatKit.Training.Runs;

namespace QatKit.Training.Recipes;

/// <summary>Checks a recipe: every value within its range, no two that contradict each other.</summary>
public static class RecipeValidator
{
    /// <summary>Throws when a recipe built in code is not valid.</summary>
    /// <exception cref="QatKitException">QK1006 out of range, QK1008 contradiction, QK2010, QK2011 and QK3005 patterns that do not
    /// fit <c>model.architecture</c>; all problems at once.</exception>
    public static void Check(Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        var problems = new DiagnosticBag();
        CheckRanges(recipe, "", path => path, _ => true, problems);
        new Rules(recipe, path => path, problems).CheckAll();
        problems.ThrowIfAny();
    }

    internal static void Check(Recipe recipe, RecipeSource source, DiagnosticBag problems)
    {
        // Rules look at the whole; they only make sense once every key could be read.
        var complete = problems.IsEmpty;
        CheckRanges(recipe, "", source.PlaceOf, source.IsReadable, problems);
        if (complete) new Rules(recipe, source.PlaceOf, problems).CheckAll();
    }

    private static void CheckRanges(object section, string path, Func<string, string> placeOf, Func<string, bool> isReadable, DiagnosticBag problems)
    {
        foreach (var key in RecipeSchema.Keys(section.GetType()))
        {
            if (key.Property.GetValue(section) is not { } value) continue;
            var childPath = path.Length == 0 ? key.Name : $"{path}.{key.Name}";
            if (RecipeSchema.IsSection(key.Type)) CheckRanges(value, childPath, placeOf, isReadable, problems);
            // What could not be read is reported already.
            else if (key.Range is { } range && isReadable(childPath) && !range.IsValid(value))
                problems.Add("QK1006", placeOf(childPath), $"{childPath} = {Show(value)} is outside {Limits(range)}. Use a value within.");
        }
    }

    private static string Limits(System.ComponentModel.DataAnnotations.RangeAttribute range) =>
        range.Maximum is int.MaxValue ? $"{Show(range.Minimum)} and above"
        : $"{(range.MinimumIsExclusive ? "above " : "")}{Show(range.Minimum)} to {Show(range.Maximum)}";

    private static string Show(object value) => Convert.ToString(value, CultureInfo.InvariantCulture)!;

    // Rules about more than one value. Each says both values and the way out.
    private sealed class Rules(Recipe recipe, Func<string, string> placeOf, DiagnosticBag problems)
    {
        public void CheckAll()
        {
            CheckModel(recipe.Model);
            CheckTask(recipe.Task);
            CheckVerify(recipe.Verify);
            if (recipe.Sparsity is { } sparsity) CheckSparsity(sparsity);
            if (recipe.Model.Architecture is { } architecture && recipe.Task.MaxLength > architecture.MaxPositions)
                Add("task.max_length", $"task.max_length = {recipe.Task.MaxLength} exceeds model.architecture.max_positions = {architecture.MaxPositions}. Lower the first or raise the second.");
            if (recipe.Quantization is { FreezeStep: { } freeze, StartStep: var start } && freeze < start)
                Add("quantization.freeze_step", $"quantization.freeze_step = {freeze} lies before quantization.start_step = {start}. Ranges cannot be fixed before they are used.");
            if (recipe.Quantization is { Percentile: not 99.99, Calibrator: not CalibratorKind.Percentile })
                Add("quantization.percentile", "quantization.percentile has no effect without calibrator: percentile. Remove one of the two.");
            if (!RunName.IsValid(recipe.Export.Output))
                Add("export.output", $"export.output = '{recipe.Export.Output}' cannot be the name of a folder inside the run folder. Use letters, digits, '.', '_' and '-', as in model.");
            else if (RunFolder.Names.Contains(recipe.Export.Output, StringComparer.OrdinalIgnoreCase))
                Add("export.output", $"export.output = '{recipe.Export.Output}' is something else in a run folder. Use another name, such as model.");
            if (!RunName.IsValid(recipe.Name))
                Add("name", $"name = '{recipe.Name}' cannot be a folder name. Use letters, digits, '.', '_' and '-'.");
            if (recipe.Model.Architecture is { } sizes && RecipeSchema.Keys(typeof(ArchitectureSection)).All(k => k.Range!.IsValid(k.Property.GetValue(sizes))))
                RecipePlans.Check(recipe, new BertArchitecture(sizes.Layers, sizes.Hidden, sizes.Heads, sizes.Intermediate, 1, sizes.MaxPositions, 2, 2), placeOf, problems);
        }

        private void CheckModel(ModelSection model)
        {
            if (model.Path is null == model.Architecture is null)
                Add("model", model.Path is null ? "model has neither path nor architecture. Give one of them." : "model has both path and architecture. Remove one of them.");
            if (model.Architecture is not { } a) return;
            if (model.Vocabulary is null) Add("model", "model.architecture needs model.vocabulary. Name a vocab.txt or builtin:reviews.");
            if (recipe is { Train.Epochs: 0, Quantization.Epochs: 0 })
                Add("train.epochs", "train.epochs and quantization.epochs are both 0, and model.architecture starts from random weights: nothing would be learned. Raise one of them.");
            if (a.Heads > 0 && a.Hidden % a.Heads != 0)
                Add("model.architecture.heads", $"model.architecture.heads = {a.Heads} does not divide hidden = {a.Hidden}. Use a divisor.");
        }

        private void CheckTask(TaskSection task)
        {
            var regression = task.Type == TaskType.Regression;
            var general = task.Format is DataFormat.Csv or DataFormat.Tsv or DataFormat.Jsonl;
            if (MetricCalculator.IsRegression(task.Metric) != regression)
                Add("task.metric", $"task.metric = {Key(task.Metric)} does not fit task.type = {Key(task.Type)}. Use {(regression ? "pearson or spearman" : "accuracy, f1 or matthews")}.");
            if (task.Data is not null)
            {
                if (task.Data != BuiltinReviews.Name)
                    Add("task.data", $"task.data = '{task.Data}' is unknown.{Suggestion.For(task.Data, [BuiltinReviews.Name])} The only built-in set is {BuiltinReviews.Name}; files go to format, train and dev.");
                if (task.Format is not null || task.Train is not null || task.Dev is not null)
                    Add("task", "task has data as well as format, train or dev. Use either the built-in set or files.");
            }
            else if (task.Format is null || task.Train is null || task.Dev is null)
                Add("task", "task has no complete data. Give format, train and dev, or data: builtin:reviews.");
            if (!general && (task.Columns is not null || task.Labels.Count > 0))
                Add("task", "task.columns and task.labels are for the formats csv, tsv and jsonl. Remove them.");
            if (general && regression == task.Labels.Count > 0)
                Add("task", regression ? "a regression has no task.labels. Remove them." : "task.labels is missing. List the class names in the order of their indices.");
            if (general && task.Labels.Count == 1) Add("task.labels", "task.labels has one class. List at least two.");
            if (task.Labels.Any(string.IsNullOrWhiteSpace)) Add("task.labels", "task.labels has an empty name. Give every class a name.");
            foreach (var label in task.Labels.GroupBy(l => l, StringComparer.Ordinal).Where(g => g.Count() > 1 && !string.IsNullOrWhiteSpace(g.Key)))
                Add("task.labels", $"task.labels has '{label.Key}' {label.Count()} times. Give every class a name of its own.");
            if ((task.Format == DataFormat.Stsb) != regression && !general)
                Add("task.type", $"task.type = {Key(task.Type)} does not fit the data. Only format stsb is a regression.");
        }

        private void CheckVerify(VerifySection verify)
        {
            if (recipe.Task.Type == TaskType.Regression && verify.MinArgmaxAgreement != new VerifySection().MinArgmaxAgreement)
                Add("verify.min_argmax_agreement", "verify.min_argmax_agreement has no effect on a regression, whose one output is always the largest. Remove it.");
        }

        private void CheckSparsity(SparsitySection sparsity)
        {
            var recompute = sparsity.Schedule == SparsitySchedule.Recompute;
            if (recompute != (sparsity.EverySteps is not null && sparsity.UntilStep is not null) || (!recompute && (sparsity.EverySteps ?? sparsity.UntilStep) is not null))
                Add("sparsity", recompute ? "schedule recompute needs every_steps and until_step. Add them." : "every_steps and until_step are for schedule recompute. Remove them or change the schedule.");
            if (sparsity.UntilStep <= sparsity.StartStep)
                Add("sparsity.until_step", $"sparsity.until_step = {sparsity.UntilStep} does not lie after sparsity.start_step = {sparsity.StartStep}. Raise it.");
        }

        private static string Key(Enum value) => RecipeSchema.KeyOf(value.GetType(), value);

        private void Add(string path, string message) => problems.Add("QK1008", placeOf(path), message);
    }
}
