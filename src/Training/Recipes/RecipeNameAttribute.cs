namespace QatKit.Training.Recipes;

/// <summary>The name of an enum value in recipes, where it is not the snake-case form of its C# name.</summary>
[AttributeUsage(AttributeTargets.Field)]
public sealed class RecipeNameAttribute(string name) : Attribute
{
    /// <summary>The name.</summary>
    public string Name { get; } = name;
}
