using System.Globalization;
using QatKit.Cli.CommandLine;
using QatKit.Training.Telemetry;
using Spectre.Console;

namespace QatKit.Cli.Output;

/// <summary>Shows a run: one live bar per stage on a terminal, a line now and then when redirected.</summary>
internal static class TrainingDisplay
{
    // Redirected output: about this many lines for each stage.
    private const int LinesPerStage = 10;

    /// <summary>Runs work under the display.</summary>
    public static T Show<T>(CommandContext context, Func<IProgress<TrainingProgress>, T> work)
    {
        if (!context.IsTerminal) return work(new Lines(context));
        return context.Console.Progress()
            .AutoClear(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .Start(progress => work(new Bars(context, progress)));
    }

    /// <summary>Loss, learning rate, speed and the time that is left, as far as they are known.</summary>
    public static string Describe(TrainingProgress p)
    {
        var parts = new List<string> { p.Stage };
        if (!double.IsNaN(p.Loss)) parts.Add(Text($"loss {p.Loss:F4}"));
        if (!double.IsNaN(p.LearningRate)) parts.Add(Text($"lr {p.LearningRate:0.0e-0}"));
        if (!double.IsNaN(p.ExamplesPerSecond)) parts.Add(Text($"{p.ExamplesPerSecond:F0} examples/s"));
        if (p.Remaining > TimeSpan.Zero) parts.Add(Text($"{(int)p.Remaining.TotalMinutes}:{p.Remaining.Seconds:00} left"));
        return string.Join("  ", parts);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed class Lines(CommandContext context) : IProgress<TrainingProgress>
    {
        private (string Stage, long Mark) _last = ("", -1);

        public void Report(TrainingProgress value)
        {
            if (value.Message is { } message)
            {
                context.Out.WriteLine($"{value.Stage}: {message}");
                return;
            }

            var mark = value.Total == 0 ? 0 : value.Step * LinesPerStage / value.Total;
            if ((value.Stage, mark) == _last) return;
            _last = (value.Stage, mark);
            context.Out.WriteLine(Text($"{Describe(value)}  step {value.Step}/{value.Total}"));
        }
    }

    private sealed class Bars(CommandContext context, ProgressContext progress) : IProgress<TrainingProgress>
    {
        private readonly Dictionary<string, ProgressTask> _tasks = [];

        public void Report(TrainingProgress value)
        {
            if (value.Message is { } message)
            {
                context.Console.WriteLine($"{value.Stage}: {message}");
                return;
            }

            if (!_tasks.TryGetValue(value.Stage, out var task))
                _tasks[value.Stage] = task = progress.AddTask(Markup.Escape(value.Stage), maxValue: Math.Max(1, value.Total));
            task.Description = Markup.Escape(Describe(value));
            task.Value = value.Step;
        }
    }
}
