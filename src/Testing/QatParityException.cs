namespace QatKit.Testing;

/// <summary>A parity or accuracy assertion that does not hold. Any test framework shows its message; xUnit shows it as a
/// failed assertion instead of an error.</summary>
public sealed class QatParityException(string message) : Exception(message), IAssertionException;

/// <summary>xUnit recognises assertion failures of other libraries by an interface of this name.</summary>
internal interface IAssertionException;
