using System.CommandLine;
using System.Globalization;
using QatKit.Core.Diagnostics;
using QatKit.GpuCheck;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    return Commands.CreateRoot(Console.Out).Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (QatKitException e)
{
    Console.Error.WriteLine(e.Message);
    return ExitCode.Of(e);
}
