namespace QatKit.Cli.CommandLine;

/// <summary>What the process answers.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The command line itself is wrong.</summary>
    public const int Usage = 1;

    /// <summary>A recipe, data file, checkpoint or artifact is not valid.</summary>
    public const int InvalidInput = 2;

    /// <summary>Something of the machine is missing: libtorch, an instruction tier, a GPU, memory.</summary>
    public const int EnvironmentMissing = 3;

    /// <summary>A parity or accuracy gate does not hold.</summary>
    public const int GateFailed = 4;

    /// <summary>A bug of QatKit.</summary>
    public const int Internal = 70;

    /// <summary>Ctrl-C.</summary>
    public const int Cancelled = 130;
}
