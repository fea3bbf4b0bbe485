package odor

// The words that shape a prompt rather than name a smell. Each is looked up
// after the phrases of the lexicon and before misspellings are guessed at.

// degrees say how much of what follows is wanted.
var degrees = map[string]float64{
	"barely": 0.3, "hardly": 0.3, "trace": 0.3, "faint": 0.4, "faintly": 0.4, "whisper": 0.4,
	"hint": 0.5, "hints": 0.5, "slight": 0.5, "slightly": 0.5, "touch": 0.5, "dash": 0.5, "bit": 0.5, "little": 0.5,
	"subtle": 0.5, "subtly": 0.5, "undertone": 0.5, "undertones": 0.5, "somewhat": 0.6, "moderately": 0.7, "almost": 0.7, "nearly": 0.7, "rather": 0.9, "delicate": 0.6, "delicately": 0.6,
	"mild": 0.6, "mildly": 0.6, "gentle": 0.6, "gently": 0.6, "light": 0.7, "lightly": 0.7, "softly": 0.7, "fairly": 0.9, "quite": 1.1,
	"more": 1.3, "lots": 1.4, "plenty": 1.4, "really": 1.4, "very": 1.5, "strong": 1.5, "strongly": 1.5, "deep": 1.3, "deeply": 1.3,
	"rich": 1.3, "richly": 1.3, "full": 1.3, "bold": 1.5, "highly": 1.5, "distinctly": 1.3, "pronounced": 1.3, "heavy": 1.5, "heavily": 1.5, "powerful": 1.6, "intense": 1.6, "intensely": 1.6,
	"predominantly": 1.5, "mainly": 1.4, "mostly": 1.4, "dominant": 1.5, "extremely": 1.8, "overwhelming": 1.8,
	"overwhelmingly": 1.8, "super": 1.5, "ultra": 1.8, "extra": 1.4,

	"tinge": 0.4, "whiff": 0.5, "drop": 0.5, "drops": 0.5, "pinch": 0.5, "splash": 0.6, "suggestion": 0.4, "breath": 0.5, "veil": 0.5, "trail": 0.6,
	"shadow": 0.4, "ghost": 0.3, "sprinkle": 0.5, "sprinkling": 0.5, "tiny": 0.4, "muted": 0.5, "discreet": 0.5, "restrained": 0.5, "background": 0.5,
	"lightest": 0.3, "faintest": 0.3, "slightest": 0.3, "vaguely": 0.4, "sheer": 0.6, "partly": 0.6, "weak": 0.5, "minimal": 0.4, "understated": 0.5,
	"distinct": 1.3, "prominent": 1.4, "prominently": 1.4, "dominated": 1.5, "loaded": 1.5, "loads": 1.5, "tons": 1.6, "heaps": 1.5, "packed": 1.4, "bursting": 1.5,
	"drenched": 1.6, "dense": 1.4, "densely": 1.4, "thick": 1.4, "potent": 1.6, "massive": 1.7, "huge": 1.6, "loud": 1.6, "big": 1.4, "bolder": 1.5,
	"stronger": 1.5, "richer": 1.4, "deeper": 1.4, "incredibly": 1.7, "hugely": 1.7, "seriously": 1.5, "truly": 1.3, "overdose": 1.8, "mega": 1.7,
}

// excesses turn a refusal into a wish for less: "not too sweet".
var excesses = set("too", "overly", "so", "much", "overpowering", "excessively", "particularly", "especially", "cloying", "cloyingly")

// The four ways in which a refusal reaches over what follows it: "no musk and
// rose" wants rose, "without musk and rose" wants neither, "not sweet citrus"
// and "less sweet citrus" want citrus.
var (
	plain   = refusal{weight: 1}
	lasting = refusal{weight: 1, lasting: true}
	quality = refusal{weight: 1, quality: true}
	lesser  = refusal{weight: 0.5, single: true}
)

// refusals begin what is not wanted. They are one word or two.
var refusals = map[string]refusal{
	"no": plain, "never": plain, "nothing": plain, "none": plain, "nor": plain, "zero": plain,
	"non": {weight: 1, single: true}, "less": lesser,

	"not": quality, "neither": quality, "isnt": quality, "arent": quality, "wasnt": quality, "aint": quality,

	"dont": lasting, "doesnt": lasting, "didnt": lasting, "shouldnt": lasting, "mustnt": lasting, "wont": lasting, "wouldnt": lasting, "cant": lasting, "cannot": lasting,
	"do not": lasting, "does not": lasting, "did not": lasting, "should not": lasting, "must not": lasting, "will not": lasting, "would not": lasting, "can not": lasting,

	"without": lasting, "w o": lasting, "minus": lasting, "sans": lasting, "except": lasting, "excepting": lasting, "unlike": lasting, "against": lasting,
	"lack": lasting, "lacks": lasting, "lacking": lasting, "exclude": lasting, "excludes": lasting, "excluding": lasting, "avoid": lasting, "avoids": lasting, "avoiding": lasting,
	"skip": lasting, "skips": lasting, "skipping": lasting, "omit": lasting, "omits": lasting, "omitting": lasting, "remove": lasting, "removes": lasting, "removing": lasting,
	"refuse": lasting, "refuses": lasting, "refusing": lasting, "reject": lasting, "rejects": lasting, "eliminate": lasting, "ban": lasting, "forbid": lasting, "forget": lasting,
	"hate": lasting, "hates": lasting, "dislike": lasting, "dislikes": lasting, "detest": lasting, "loathe": lasting, "despise": lasting,

	"anything but": lasting, "everything but": lasting, "all but": lasting,
	"apart from": lasting, "aside from": lasting, "away from": lasting, "far from": lasting, "different from": lasting,
	"free of": lasting, "free from": lasting, "clear of": lasting, "rid of": lasting, "devoid of": lasting, "absence of": lasting, "instead of": lasting,
	"other than": lasting, "rather than": lasting, "leave out": lasting, "leaving out": lasting, "allergic to": lasting, "pass on": lasting,
	"easy on": lesser, "light on": lesser, "low on": lesser, "low in": lesser, "ease off": lesser, "reduce": lesser, "reduced": lesser, "fewer": lesser, "tone down": lesser,

	"hold the": lasting, "drop the": lasting, "ditch the": lasting, "lose the": lasting, "cut the": lasting,
}

// refusedBehind refuse the smell that stands before them: "musk-free", "vanilla
// should be avoided". Without one they begin a refusal: "excluded: musk".
var refusedBehind = set("free", "excluded", "avoided", "omitted", "removed", "forbidden", "banned", "unwanted")

// refusal is what is not wanted, and how far that reaches.
type refusal struct {
	weight  float64 // 1 must not be there; less is a wish for less of it
	lasting bool    // goes on over "and"
	single  bool    // ends after one meaning
	quality bool    // ends before the smell that the refused one qualifies

	from   int  // the first mention that it refuses
	item   bool // is one item of a list of wishes: "rose, no musk, lemon or lime"
	listed bool // has gone on over a comma
	headed bool // heads a list by a colon or dash: "avoid: musk, vanilla"
}

// wishes end a refusal that has refused something: "no musk, add rose".
var wishes = set("want", "wants", "love", "loves", "adore", "enjoy", "add", "adding", "use", "using", "prefer", "need", "give", "make", "create", "include", "including",
	"choose", "keep", "try", "have", "having", "has", "bring", "more", "lots", "plenty", "extra")

// resumptions end it too where a new part of the sentence begins with them:
// "avoid musk and I like rose", but not "without sweet things like honey".
var resumptions = set("like", "likes", "i", "id", "im", "ive", "we", "it", "please", "let", "lets", "should", "must")

// listed are the words besides smells that a list of refused smells goes on
// over.
var listed = set("a", "an", "the", "any", "note", "notes")

// noteWords name a position in the perfume.
var noteWords = map[string]Note{
	"top": Top, "head": Top, "opening": Top, "topnote": Top, "topnotes": Top,
	"heart": Heart, "middle": Heart, "mid": Heart, "core": Heart,
	"base": Base, "drydown": Base, "bottom": Base, "foundation": Base, "basenote": Base, "basenotes": Base, "lingering": Base,
}

// noteVerbs say where in the perfume what follows them is smelled: "opens with
// lemon and settles into musk".
var noteVerbs = map[string]Note{
	"opens with": Top, "opens on": Top, "starts with": Top, "starts off": Top, "begins with": Top, "starting with": Top, "beginning with": Top, "bursts with": Top, "first comes": Top,
	"settles into": Base, "settles on": Base, "settles to": Base, "settling into": Base, "dries to": Base, "dries into": Base, "drying down": Base, "dries down": Base, "drying to": Base,
	"ends with": Base, "ends in": Base, "ends on": Base, "ending with": Base, "ending in": Base, "finishes with": Base, "finishes on": Base, "finishing with": Base,
	"fades to": Base, "fades into": Base, "fading to": Base, "fading into": Base, "rests on": Base, "resting on": Base, "lingers on": Base, "anchored by": Base, "grounded in": Base, "grounded by": Base,
}

// turns begin another part of the prompt: they end a refusal and what a note
// governs.
var turns = set("with", "over", "but", "on", "then", "under", "underneath", "beneath", "atop", "above", "followed", "while", "yet", "though",
	"although", "however", "instead", "into", "turning", "fading", "becoming", "plus", "featuring")

// joints join the items of a list.
var joints = set("and", "or", "nor", "as")

// fillers mean nothing by themselves.
var fillers = set("a", "an", "the", "of", "in", "to", "for", "from", "at", "by", "is", "are", "be", "being", "it", "its", "this", "that", "these", "those",
	"i", "id", "im", "me", "my", "we", "our", "you", "your", "us", "he", "she", "they", "do", "does", "can", "could", "would", "should", "will", "let", "lets", "who", "which", "what",
	"like", "love", "need", "want", "wants", "loves", "likes", "adore", "enjoy", "use", "using", "adding", "choose", "keep", "try", "bring", "stand", "bear", "stay", "steer", "must", "did", "ive", "please", "give", "get", "make", "create", "generate", "design", "find", "show", "suggest", "build", "produce", "looking", "wish", "prefer", "have", "has", "having", "add", "include", "including",
	"smell", "smells", "smelling", "smelled", "scent", "scents", "scented", "odor", "odors", "odour", "odours", "aroma", "aromas", "fragrance", "fragrances", "fragrant", "perfume", "perfumes", "perfumed",
	"molecule", "molecules", "compound", "compounds", "odorant", "odorants", "chemical", "chemicals", "something", "some", "any", "anything", "everything", "else", "one", "thing", "things", "stuff",
	"note", "notes", "accord", "accords", "tone", "tones", "nuance", "nuances", "facet", "facets", "character", "quality", "type", "kind", "sort", "style", "blend", "mix", "mixture", "combination", "layer", "layers", "finish",
	"oil", "oils", "essential", "absolute", "extract", "essence",
	"reminiscent", "evoking", "evokes", "evocative", "inspired", "reminds", "suggesting", "profile", "touches", "just", "only", "also", "there", "all", "day", "when", "where", "after", "before", "up", "out", "s", "t", "w", "than", "other", "such", "old", "edge", "forward", "nice", "good", "beautiful", "lovely", "pleasant", "natural",
	"inside", "outside", "through", "along", "across", "around", "near", "nearby", "between", "among", "behind", "onto", "upon", "off", "down", "during", "until", "next", "how", "if", "first", "opens", "starts", "begins",
	"feel", "feels", "feeling", "vibe", "vibes", "mood", "memory", "memories", "idea", "person", "people", "someone", "everyone", "his", "her", "their", "him", "them", "was", "were", "been", "am", "about", "fan",
	"piece", "pieces", "slice", "slices", "bowl", "cup", "glass", "jar", "bottle", "handful", "bunch", "pile", "served", "made", "coming", "comes", "come", "going", "goes", "go", "becomes", "gives", "giving", "take", "takes", "getting",
	"covered", "coated", "dipped", "infused", "laced", "filled", "studded", "sprinkled", "drizzled", "crushed", "sliced", "torn", "chopped", "mixed", "mixing", "combined", "blended", "layered", "wrapped", "surrounded", "paired", "balanced", "rounded", "backed", "whatsoever", "whatever", "simple", "simply", "entire", "whole", "same")

// shapes reports whether a word belongs to the grammar.
func shapes(text string) bool {
	_, isDegree := degrees[text]
	_, isRefusal := refusals[text]
	_, isNote := noteWords[text]
	return isDegree || isRefusal || isNote ||
		excesses[text] || refusedBehind[text] || wishes[text] || resumptions[text] || turns[text] || joints[text] || fillers[text]
}

func set(words ...string) map[string]bool {
	members := make(map[string]bool, len(words))
	for _, w := range words {
		members[w] = true
	}
	return members
}
