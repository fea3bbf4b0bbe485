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
}

// excesses turn a refusal into a wish for less: "not too sweet".
var excesses = set("too", "overly", "so", "much", "overpowering", "excessively", "particularly", "especially")

// refusals begin what is not wanted. The lasting ones go on over "and": "without musk and vanilla".
var refusals = map[string]refusal{
	"no": {weight: 1}, "not": {weight: 1}, "never": {weight: 1}, "nothing": {weight: 1}, "non": {weight: 1, single: true}, "zero": {weight: 1},
	"isnt": {weight: 1}, "arent": {weight: 1}, "doesnt": {weight: 1}, "dont": {weight: 1}, "shouldnt": {weight: 1}, "wont": {weight: 1}, "cant": {weight: 1},
	"without": {weight: 1, lasting: true}, "minus": {weight: 1, lasting: true}, "sans": {weight: 1, lasting: true}, "except": {weight: 1, lasting: true},
	"excluding": {weight: 1, lasting: true}, "exclude": {weight: 1, lasting: true}, "lacking": {weight: 1, lasting: true}, "avoid": {weight: 1, lasting: true},
	"avoiding": {weight: 1, lasting: true}, "hate": {weight: 1, lasting: true}, "dislike": {weight: 1, lasting: true}, "remove": {weight: 1, lasting: true},
	"less": {weight: 0.5, single: true},
}

// refusal is what is not wanted, and how far that reaches.
type refusal struct {
	weight  float64 // 1 must not be there; less is a wish for less of it
	lasting bool    // goes on over "and"
	single  bool    // ends after one meaning
}

// noteWords name a position in the perfume.
var noteWords = map[string]Note{
	"top": Top, "head": Top, "opening": Top, "topnote": Top, "topnotes": Top,
	"heart": Heart, "middle": Heart, "mid": Heart, "core": Heart,
	"base": Base, "drydown": Base, "bottom": Base, "foundation": Base, "basenote": Base, "basenotes": Base, "lingering": Base,
}

// turns begin another part of the prompt: they end a refusal and what a note governs.
var turns = set("with", "over", "but", "on", "then", "under", "underneath", "beneath", "atop", "above", "followed", "while", "yet", "though",
	"although", "however", "instead", "into", "turning", "fading", "becoming", "opens", "plus", "featuring")

// joints join the items of a list.
var joints = set("and", "or", "nor", "as")

// fillers mean nothing by themselves.
var fillers = set("a", "an", "the", "of", "in", "to", "for", "from", "at", "by", "is", "are", "be", "being", "it", "its", "this", "that", "these", "those",
	"i", "id", "im", "me", "my", "we", "our", "you", "your", "us", "he", "she", "they", "do", "does", "can", "could", "would", "should", "will", "let", "lets", "who", "which", "what",
	"like", "love", "need", "want", "please", "give", "get", "make", "create", "generate", "design", "find", "show", "suggest", "build", "produce", "looking", "wish", "prefer", "have", "has", "having", "add", "include", "including",
	"smell", "smells", "smelling", "smelled", "scent", "scents", "scented", "odor", "odors", "odour", "odours", "aroma", "aromas", "fragrance", "fragrances", "fragrant", "perfume", "perfumes", "perfumed",
	"molecule", "molecules", "compound", "compounds", "odorant", "odorants", "chemical", "chemicals", "something", "some", "any", "anything", "one", "thing", "things", "stuff",
	"note", "notes", "accord", "accords", "tone", "tones", "nuance", "nuances", "facet", "facets", "character", "quality", "type", "kind", "sort", "style", "blend", "mix", "mixture", "combination", "layer", "layers", "finish",
	"oil", "oils", "essential", "absolute", "extract", "essence",
	"reminiscent", "evoking", "evokes", "evocative", "inspired", "reminds", "suggesting", "profile", "touches", "just", "only", "also", "there", "all", "day", "when", "where", "after", "before", "up", "out", "s", "t", "w", "than", "other", "such", "old", "edge", "forward", "nice", "good", "beautiful", "lovely", "pleasant", "natural")

func set(words ...string) map[string]bool {
	members := make(map[string]bool, len(words))
	for _, w := range words {
		members[w] = true
	}
	return members
}
