namespace QatKit.Training.Data.Reviews;

// The words of the generated reviews. Every word stands alone in the vocabulary: WordPiece never splits them.
internal static class ReviewWords
{
    public static readonly string[] Nouns =
    [
        "acting", "plot", "story", "music", "dialogue", "ending", "opening", "camera", "lighting", "script", "cast", "pacing",
        "humor", "romance", "action", "editing", "soundtrack", "costume", "setting", "villain", "hero", "direction", "writing",
        "mystery", "drama", "sequel", "scene", "theme", "animation", "narration", "score", "premise", "twist", "finale",
        "atmosphere", "choreography", "screenplay", "chemistry", "mood", "imagery",
    ];

    public static readonly string[] Positive =
    [
        "good", "great", "brilliant", "charming", "delightful", "clever", "moving", "gripping", "beautiful", "funny",
        "wonderful", "superb", "inspired", "fresh", "elegant", "touching", "thrilling", "excellent", "memorable", "witty",
        "graceful", "magical", "engaging", "fascinating", "lovely", "masterful", "refreshing", "satisfying", "stunning", "warm",
        "convincing", "exciting", "impressive", "joyful", "original", "rewarding",
    ];

    public static readonly string[] Negative =
    [
        "bad", "awful", "boring", "dull", "clumsy", "tedious", "terrible", "weak", "lifeless", "shallow", "bland", "stale",
        "ugly", "annoying", "pointless", "predictable", "messy", "horrible", "forgettable", "dreary", "hollow", "lazy",
        "painful", "ridiculous", "silly", "slow", "sloppy", "tiresome", "unpleasant", "wooden", "confusing", "disappointing",
        "dreadful", "empty", "grating", "irritating",
    ];

    public static readonly string[] Liked = ["loved", "enjoyed", "admired", "adored", "praised", "liked"];
    public static readonly string[] Disliked = ["hated", "loathed", "despised", "disliked", "regretted", "resented"];
    public static readonly string[] Intensifiers = ["very", "really", "truly", "quite", "incredibly", "so", "rather", "deeply"];
    public static readonly string[] Negators = ["not", "never", "hardly"];
    public static readonly string[] Verbs = ["was", "is", "seemed", "felt", "looked"];
    public static readonly string[] People = ["i", "we", "everyone", "critics", "people", "viewers"];
    public static readonly string[] Endings = ["overall", "today", "throughout", "again", "tonight", "honestly"];

    // Words of the fixed phrases, punctuation, and a few everyday words for a user's own sentences.
    public static readonly string[] Others =
    [
        ".", ",", "!", "?", "'", "-", "the", "a", "an", "this", "that", "it", "but", "although", "though", "even", "far", "from",
        "anything", "no", "one", "nobody", "did", "yet", "while", "and", "movie", "film", "were", "are", "be", "been", "to", "of", "in",
        "my", "your", "our", "their", "they", "you", "he", "she", "all", "at", "on", "for", "with", "as", "too", "just",
    ];

    private static readonly string[] Special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    public static IEnumerable<string> Vocabulary =>
        Special
            .Concat(Others).Concat(Nouns).Concat(Positive).Concat(Negative).Concat(Liked).Concat(Disliked)
            .Concat(Intensifiers).Concat(Negators).Concat(Verbs).Concat(People).Concat(Endings).Distinct();
}
