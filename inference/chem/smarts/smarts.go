package smarts

import "github.com/odordiff/odordiff/inference/chem"

// Bounds on patterns and searches.
const (
	// MaxLength is the longest pattern text, in bytes.
	MaxLength = 4096
	// MaxAtoms is the largest number of atoms in a pattern, those in recursive
	// parts included.
	MaxAtoms = 256
	// MaxDepth is the deepest nesting of branches and recursion.
	MaxDepth = 64
	// MaxMatches is the largest number of matches that Find returns.
	MaxMatches = 1000
	// maxSteps bounds the atoms tried in one search: some tens of milliseconds.
	maxSteps = 1_000_000
)

// Pattern is a compiled SMARTS. It is never changed, so that many goroutines
// may share it.
type Pattern struct {
	text  string
	atoms int
	// free may start at any atom of the pattern and starts at a rare one;
	// anchored starts at the first.
	free, anchored []step
}

// Compile reads a pattern. The error is a *SyntaxError.
func Compile(pattern string) (*Pattern, error) {
	if len(pattern) > MaxLength {
		return nil, syntaxErrorf(MaxLength, "more than %d bytes", MaxLength)
	}
	p := &parser{text: pattern}
	q, err := p.pattern()
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.text) {
		return nil, p.unexpected()
	}
	return q.compile(pattern), nil
}

// MustCompile is Compile for patterns that the program itself holds; it panics
// where Compile fails.
func MustCompile(pattern string) *Pattern {
	p, err := Compile(pattern)
	if err != nil {
		panic(err)
	}
	return p
}

// String returns the text that the pattern was compiled from.
func (p *Pattern) String() string { return p.text }

// NumAtoms returns the number of atoms of the pattern, and of each match.
func (p *Pattern) NumAtoms() int { return p.atoms }

// Matches reports whether a molecule holds the pattern. Hydrogens match only
// where they are atoms of their own. To ask one molecule many questions, make a
// Target once and use its methods.
func (p *Pattern) Matches(m *chem.Molecule) bool {
	return NewTarget(m).Matches(p)
}

// Find returns up to limit matches, each the molecule's atoms in the order of
// the pattern's. Of matches that consist of the same atoms it returns the first
// found. A limit outside 1 to MaxMatches means MaxMatches.
func (p *Pattern) Find(m *chem.Molecule, limit int) [][]int {
	return NewTarget(m).Find(p, limit)
}
