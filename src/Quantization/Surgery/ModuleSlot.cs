using TorchSharp;

namespace QatKit.Quantization.Surgery;

/// <summary>A named child of a module that surgery may swap for another implementation.</summary>
public interface IModuleSlot
{
    /// <summary>Name of the child in its parent, a part of its module path.</summary>
    string Name { get; }

    /// <summary>The present occupant.</summary>
    torch.nn.Module Occupant { get; }

    /// <summary>Swaps the occupant. The old one is not disposed: its parameters usually live on in the new one.</summary>
    /// <exception cref="ArgumentException">The replacement has another call signature.</exception>
    void Replace(torch.nn.Module replacement);
}

/// <summary>A slot whose occupants share the call signature <typeparamref name="TModule"/>.</summary>
/// <typeparam name="TModule">Usually <c>Module&lt;Tensor, Tensor&gt;</c>.</typeparam>
public sealed class ModuleSlot<TModule> : IModuleSlot
    where TModule : torch.nn.Module
{
    private readonly torch.nn.Module _owner;

    // A replaced module's finalizer would dispose the parameters that live on in its successor.
    private readonly List<TModule> _replaced = [];

    /// <summary>Registers <paramref name="occupant"/> as child <paramref name="name"/> of <paramref name="owner"/>.</summary>
    public ModuleSlot(torch.nn.Module owner, string name, TModule occupant)
    {
        ArgumentNullException.ThrowIfNull(owner);
        _owner = owner;
        Name = name;
        Module = occupant;
        owner.register_module(name, occupant);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The present occupant.</summary>
    public TModule Module { get; private set; }

    /// <inheritdoc/>
    public torch.nn.Module Occupant => Module;

    /// <inheritdoc/>
    public void Replace(torch.nn.Module replacement)
    {
        if (replacement is not TModule module)
            throw new ArgumentException($"'{Name}' needs a {typeof(TModule).Name}, not a {replacement?.GetType().Name}.", nameof(replacement));
        // Registering a name twice is an error unless it was cleared; the child moves to the end of the parameter
        // order, so parameters are keyed by name everywhere.
        _owner.register_module(Name, null!);
        _owner.register_module(Name, module);
        module.train(_owner.training);
        _replaced.Add(Module);
        Module = module;
    }
}

/// <summary>A module whose children are open to surgery.</summary>
public interface IModuleHost
{
    /// <summary>The children that may be swapped.</summary>
    IReadOnlyList<IModuleSlot> Slots { get; }
}
