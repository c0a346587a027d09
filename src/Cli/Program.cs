using QatKit.Cli.CommandLine;

return await QatKitCli.RunAsync(args, CommandContext.ForProcess()).ConfigureAwait(false);
