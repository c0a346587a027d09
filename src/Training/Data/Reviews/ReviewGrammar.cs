namespace QatKit.Training.Data.Reviews;

// Generates one review with its label. A word alone decides little: one clause in four is negated, and a contrast
// holds two opposite judgements of which only the grammar says which one counts.
internal static class ReviewGrammar
{
    public static TextExample Next(ref SplitMix random)
    {
        var positive = random.Chance(50);
        var text = random.Next(100) switch
        {
            < 50 => Clause(ref random, positive),
            < 62 => $"{Clause(ref random, positive)} and {Clause(ref random, positive)}",
            < 76 => $"{Clause(ref random, !positive)} , {Pick(ref random, "but", "yet")} {Clause(ref random, positive)}",
            < 88 => $"{Pick(ref random, "although", "even though", "while")} {Clause(ref random, !positive)} , {Clause(ref random, positive)}",
            _ => $"{Clause(ref random, positive)} , {Pick(ref random, "although", "even though")} {Clause(ref random, !positive)}",
        };
        if (random.Chance(20)) text += $" {Pick(ref random, ReviewWords.Endings)}";
        return new TextExample($"{text} {Pick(ref random, ".", "!", ".")}", null, positive ? 1 : 0);
    }

    // One judgement, negated or not.
    private static string Clause(ref SplitMix random, bool positive)
    {
        var negated = random.Chance(25);
        var said = positive != negated; // the sentiment of the word itself
        var noun = Pick(ref random, ReviewWords.Nouns);
        if (random.Chance(25))
        {
            var verb = Pick(ref random, said ? ReviewWords.Liked : ReviewWords.Disliked);
            return negated ? $"{Pick(ref random, "nobody", "no one")} {verb} the {noun}" : $"{Pick(ref random, ReviewWords.People)} {verb} the {noun}";
        }

        var adjective = Pick(ref random, said ? ReviewWords.Positive : ReviewWords.Negative);
        if (random.Chance(30)) adjective = $"{Pick(ref random, ReviewWords.Intensifiers)} {adjective}";
        var subject = $"{Pick(ref random, "the", "this")} {noun} {Pick(ref random, ReviewWords.Verbs)}";
        if (!negated) return $"{subject} {adjective}";
        return random.Chance(70)
            ? $"{subject} {Pick(ref random, ReviewWords.Negators)} {adjective}"
            : $"{subject} {Pick(ref random, "far from", "anything but")} {adjective}";
    }

    private static string Pick(ref SplitMix random, params ReadOnlySpan<string> choices) => choices[random.Next(choices.Length)];
}
