package odor

import (
	"slices"
	"sync"
)

// Interpreter turns prompts into weighted descriptors. It is immutable and
// safe for concurrent use.
//
// It reads a prompt from left to right and knows no syntax beyond the scope of
// words: a degree ("slightly") governs the next smell, a refusal ("no",
// "without") goes on until the list it heads is over, a note word ("base")
// governs the smells beside it.
type Interpreter struct {
	library *Library
	lexicon *lexicon
}

// NewInterpreter returns an interpreter for the vocabulary and the names of a
// library.
func NewInterpreter(library *Library) *Interpreter {
	return &Interpreter{library: library, lexicon: newLexicon(library)}
}

// DefaultInterpreter returns the interpreter of the built-in library. It is
// made once.
var DefaultInterpreter = sync.OnceValues(func() (*Interpreter, error) {
	library, err := Default()
	if err != nil {
		return nil, err
	}
	return NewInterpreter(library), nil
})

// Interpret returns what is understood of a prompt. It takes time linear in the
// prompt's length.
func (in *Interpreter) Interpret(prompt string) Interpretation {
	r := reader{lexicon: in.lexicon, tokens: tokenise(prompt), degree: 1, seen: map[string]bool{}}
	for r.at < len(r.tokens) {
		r.step()
	}
	i := r.finish(in.library.Vocabulary())
	if len(i.Unrecognised) > 0 {
		in.quoteUnrecognised(&i, prompt)
	}
	return i
}

// mention is a smell that the prompt speaks of.
type mention struct {
	meaning
	degree  float64
	refused float64 // 0 where it is wanted
	note    Note
}

// reader is the state of reading one prompt.
type reader struct {
	lexicon *lexicon
	tokens  []token
	at      int

	mentions []mention
	clause   int // the first mention of the current item of a list
	smellEnd int // the token behind the last mention
	degree   float64
	refusal  refusal
	// note governs the mentions that follow, once it has been used until the
	// next turn.
	note     Note
	noteUsed bool
	// loose are note words that have governed nothing.
	loose        []Note
	notes        []Note
	unrecognised []string
	seen         map[string]bool // the unrecognised words
}

// step reads one mark, phrase or word.
func (r *reader) step() {
	t := r.tokens[r.at]
	if t.mark != word {
		r.at++
		r.endItem(t.mark)
		return
	}
	if next, n := r.refusalHere(); n > 0 {
		r.at += n
		r.refuse(next, n)
		return
	}
	if note, ok := r.noteVerbHere(); ok {
		r.at += 2
		r.begin(note)
		return
	}
	if m, n := r.lexicon.phrase(r.tokens[r.at:]); n > 0 {
		r.at += n
		r.mention(m, n)
		return
	}
	r.at++
	if r.grammar(t.text) || isNumber(t.text) {
		return
	}
	if m, ok := r.lexicon.guess(t.text); ok {
		r.mention(m, 1)
		return
	}
	if m, ok := r.lexicon.negated(t.text); ok {
		r.mentions = append(r.mentions, mention{meaning: m, degree: 1, refused: 1})
		r.smellEnd = r.at
		return
	}
	r.unknown(t.text)
}

// unknown records an unknown word, once.
func (r *reader) unknown(text string) {
	if !r.seen[text] {
		r.seen[text] = true
		r.unrecognised = append(r.unrecognised, text)
	}
}

// minDegree is the smallest degree of what is mentioned at all.
const minDegree = 0.1

// grammar reads a word that shapes the prompt. It reports whether the word is
// one.
func (r *reader) grammar(text string) bool {
	if r.resumes(text) {
		r.refusal = refusal{}
	}
	if r.refusal.weight > 0 && r.soften(text) {
		return true
	}
	if degree, ok := degrees[text]; ok {
		r.degree = min(MaxWeight, max(minDegree, r.degree*degree))
		return true
	}
	if note, ok := noteWords[text]; ok {
		r.position(note)
		return true
	}
	switch {
	case refusedBehind[text]:
		r.refuseBehind()
	case turns[text]:
		r.turn()
	case text == "and" && !r.refusal.lasting:
		r.refusal = refusal{}
		r.clause = len(r.mentions)
	case joints[text]:
		r.clause = len(r.mentions)
	default:
		return shapes(text)
	}
	return true
}

// mention records a smell, read from n words, under the words that govern it.
func (r *reader) mention(m meaning, n int) {
	if r.refusal.quality && r.hasRefused() && r.at-n == r.smellEnd {
		r.refusal = refusal{}
	}
	r.mentions = append(r.mentions, mention{meaning: m, degree: r.degree, refused: r.refusal.weight, note: r.note})
	r.smellEnd = r.at
	r.degree = 1
	r.noteUsed = r.note != ""
	if r.refusal.single && !r.joined() {
		r.refusal = refusal{}
	}
}

// position reads a note word. It governs the item that it ends ("a woody
// base") or else what follows ("base of cedar").
func (r *reader) position(note Note) {
	if r.refusal.weight > 0 {
		r.unknown(string(note))
		return
	}
	if !slices.Contains(r.notes, note) {
		r.notes = append(r.notes, note)
	}
	if r.clause == len(r.mentions) {
		r.leaveNote()
		r.note, r.noteUsed = note, false
		return
	}
	for i := r.clause; i < len(r.mentions); i++ {
		r.mentions[i].note = note
	}
	r.note, r.noteUsed = "", false
}

// noteVerbHere returns the note of the two words of [noteVerbs] that begin at
// the current word.
func (r *reader) noteVerbHere() (Note, bool) {
	if r.at+1 >= len(r.tokens) || r.tokens[r.at+1].mark != word {
		return "", false
	}
	note, ok := noteVerbs[r.tokens[r.at].text+" "+r.tokens[r.at+1].text]
	return note, ok
}

// begin reads words that place what follows them.
func (r *reader) begin(note Note) {
	r.turn()
	r.position(note)
}

// leaveNote ends what the last note word governs.
func (r *reader) leaveNote() {
	if r.note != "" && !r.noteUsed {
		r.loose = append(r.loose, r.note)
	}
	r.note, r.noteUsed = "", false
}

// endItem reads a mark.
func (r *reader) endItem(m mark) {
	if m == stop {
		r.turn()
		return
	}
	r.clause = len(r.mentions)
	r.degree = 1
	if r.refusal.weight > 0 {
		r.endRefusedItem(m)
	}
}

// turn begins another part of the prompt.
func (r *reader) turn() {
	r.clause = len(r.mentions)
	r.degree = 1
	r.refusal = refusal{}
	if r.noteUsed {
		r.leaveNote()
	}
}

func isNumber(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
