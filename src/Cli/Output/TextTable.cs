using QatKit.Cli.CommandLine;
using Spectre.Console;

namespace QatKit.Cli.Output;

/// <summary>A table: ruled on a terminal, plain columns without trailing blanks when redirected.</summary>
internal sealed class TextTable(params string[] headers)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add(cells);

    public void WriteTo(CommandContext context)
    {
        var table = new Table { Border = context.IsTerminal ? TableBorder.Simple : TableBorder.None };
        // Module paths stay in one piece; where the terminal is narrow, the other columns wrap.
        foreach (var (i, header) in headers.Index()) table.AddColumn(new TableColumn(new Spectre.Console.Text(header)) { NoWrap = i == 0 });
        foreach (var row in _rows) table.AddRow(row.Select(c => new Spectre.Console.Text(c)));
        if (context.IsTerminal)
        {
            context.Console.Write(table);
            return;
        }

        using var plain = new StringWriter();
        new CommandContext(plain, plain, isTerminal: false, noColor: true).Console.Write(table);
        foreach (var line in plain.ToString().TrimEnd().Split('\n')) context.Out.WriteLine(line.TrimEnd());
    }
}
