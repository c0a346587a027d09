using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace QatKit.Training.Recipes.Binding;

// The vocabulary of recipes, read from the records themselves: a new property is a new key.
internal static class RecipeSchema
{
    public static string KeyOf(MemberInfo member) =>
        member.GetCustomAttribute<RecipeNameAttribute>()?.Name ?? JsonNamingPolicy.SnakeCaseLower.ConvertName(member.Name);

    public static string KeyOf(Type enumType, object value) => KeyOf(enumType.GetField(value.ToString()!)!);

    public static IReadOnlyDictionary<string, object> Choices(Type enumType) =>
        enumType.GetFields(BindingFlags.Public | BindingFlags.Static).ToDictionary(KeyOf, f => f.GetValue(null)!);

    public static IReadOnlyList<RecipeKey> Keys(Type section) =>
        [.. section.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite).Select(p => new RecipeKey(p))];

    public static bool IsSection(Type type) => type.Namespace == typeof(Recipe).Namespace && type.IsClass;
}

// One key of a section.
internal sealed class RecipeKey(PropertyInfo property)
{
    private static readonly NullabilityInfoContext Nullability = new();

    public PropertyInfo Property => property;

    public string Name { get; } = RecipeSchema.KeyOf(property);

    public Type Type { get; } = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;

    public bool IsRequired { get; } = property.IsDefined(typeof(RequiredMemberAttribute));

    public bool IsNullable { get; } = IsNullableProperty(property);

    public RangeAttribute? Range { get; } = property.GetCustomAttribute<RangeAttribute>();

    private static bool IsNullableProperty(PropertyInfo property)
    {
        lock (Nullability) return Nullability.Create(property).ReadState == NullabilityState.Nullable;
    }
}
