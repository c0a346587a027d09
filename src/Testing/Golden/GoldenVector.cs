namespace QatKit.Testing.Golden;

/// <summary>One frozen line: <c>function argument … = result …</c>. Floats are IEEE bits in hexadecimal (8 digits, 16 for a
/// double); integers are decimal.</summary>
/// <param name="Line">Line number in the file.</param>
/// <param name="Function">Name of the function, see <see cref="GoldenFunctions"/>.</param>
/// <param name="Arguments">Arguments as text.</param>
/// <param name="Result">Result as text.</param>
public sealed record GoldenVector(int Line, string Function, IReadOnlyList<string> Arguments, string Result);
