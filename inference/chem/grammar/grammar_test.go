package grammar

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/inference/chem"
)

// organic is a vocabulary like that of odorants, and a little richer.
var organic = strings.Fields(`<pad> <mask> C c N n O o S s F Cl Br I P B ( ) 1 2 3 4 5 6 - = #
	[nH] [N+] [O-] [n+] [N-] [C@@H] [C@H] [C@] [C@@] [s+] [NH+] [Si] [S+]`)

// aliphatic is the same without aromatic atoms.
var aliphatic = slices.DeleteFunc(slices.Clone(organic), func(word string) bool {
	t, _ := readToken(word)
	return t.atom.aromatic
})

func mustNew(t testing.TB, vocabulary []string) *Grammar {
	t.Helper()
	g, err := New(vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func mustTokenise(t testing.TB, smiles string) []string {
	t.Helper()
	words, err := Tokenise(smiles)
	if err != nil {
		t.Fatal(err)
	}
	return words
}

// push appends a whole SMILES; the vocabulary must have all its tokens.
func push(t testing.TB, s *State, smiles string) error {
	t.Helper()
	for _, word := range mustTokenise(t, smiles) {
		if err := s.Push(slices.Index(s.grammar.words, word)); err != nil {
			return err
		}
	}
	return nil
}

// allowedWords lists what may follow.
func allowedWords(s *State, remaining int) []string {
	allowed := make([]bool, s.grammar.Size())
	s.Allowed(remaining, allowed)
	var words []string
	for id, ok := range allowed {
		if ok {
			words = append(words, s.grammar.words[id])
		}
	}
	return words
}

// TestRules gives, for a prefix and the number of tokens left, some that may
// come next and some that may not.
func TestRules(t *testing.T) {
	g := mustNew(t, organic)
	for _, test := range []struct {
		what, prefix string
		remaining    int
		yes, no      string
	}{
		{"a text begins with an atom", "", 5, "C c [nH] [N+]", "( ) 1 - = # <pad> <mask>"},
		{"and may be one atom", "", 1, "C O Cl [N+]", "c n [nH]"},
		{"bonds are not doubled", "C=", 3, "C N", "= - # ( )"},
		{"a double bond can end a text", "C=", 1, "C N O", "F Cl"},
		{"a bond leads somewhere", "C", 1, "C O", "= # - ( 1"},
		{"a branch is not empty", "CC(", 5, "C = O", ") ( 1"},
		{"a branch is closed in time", "CC(C", 1, ")", "C O ("},
		{"nothing is closed that is not open", "CC", 3, "C", ")"},
		{"a ring has three atoms", "C1C", 5, "C O", "1"},
		{"three are enough", "C1CC", 1, "1", "C O 2"},
		{"a ring number needs a partner", "CC", 3, "C =", "1 2"},
		{"no bond is made twice", "C12CC1", 3, "C", "2"},
		{"a ring number is not closed on its own atom", "CC1", 5, "C", "1"},
		{"ring bonds have one symbol", "C=1CC=", 2, "C", "("},
		{"ring bonds have one symbol, written once", "C=1CC", 1, "1", "C"},
		{"ring bonds lead to an atom on the way back", "C(C1", 8, "C", ")"},
		{"ring numbers come before branches", "C1CC(C)", 4, "C", "1"},
		{"fluorine has one bond", "CF", 3, "", "C O = ("},
		{"oxygen has two", "CO", 3, "C O", "= # ["},
		{"oxygen in a chain has one left", "CC(C)O", 2, "C", "= #"},
		{"nitrogen has three", "CN(C)", 3, "C O", "="},
		{"carbon has four", "CC(C)(C)", 3, "C (", "= #"},
		{"a charge changes them", "C[N+](C)(C)", 3, "C", "="},
		{"a hydrogen in brackets takes one", "C[C@@H](O)", 3, "C (", "= #"},
		{"sulfur has up to six", "CS(=O)(=O)", 3, "C O (", "#"},
		{"an aromatic atom opens a ring if none is open", "Cc", 8, "1 2 6", "C c O ("},
		{"an aromatic ring is finished in time", "c1cccc", 2, "c n", "C o [nH] 1"},
		{"five carbons make no aromatic ring", "c1cccc", 1, "", "1 c C"},
		{"unless one has an exocyclic double bond", "c1cccc", 3, "1", ""},
		{"an odd ring wants an atom with a lone pair", "c1ccc", 2, "o s [nH] O", "c n"},
		{"pyridine's nitrogen has two neighbours", "c1ccccn", 1, "1", ""},
		{"pyrrole's may have three", "c1cccn1", 1, "C O Cl", "= ("},
		{"an aromatic carbon has three neighbours", "c1ccccc1", 3, "C O ( -", "= #"},
		{"an exocyclic double bond counts as the ring's", "O=c1ccccc", 2, "c n", "o [nH] C"},
		{"pyridone", "O=c1cccc", 2, "o [nH] s", "c n"},
		{"a single bond between aromatic atoms is written", "c1ccccc1", 9, "-", "c n [nH]"},
		{"after it another ring begins", "c1ccccc1-", 9, "c C", ""},
		{"an aromatic bond is part of a ring", "c1cc(c", 9, "2", ")"},
	} {
		t.Run(test.what+" "+test.prefix, func(t *testing.T) {
			state := g.Start()
			if err := push(t, &state, test.prefix); err != nil {
				t.Fatal(err)
			}
			words := allowedWords(&state, test.remaining)
			for word := range strings.FieldsSeq(test.yes) {
				if !slices.Contains(words, word) {
					t.Errorf("%q should be allowed after %q with %d left", word, test.prefix, test.remaining)
				}
			}
			for word := range strings.FieldsSeq(test.no) {
				if slices.Contains(words, word) {
					t.Errorf("%q should not be allowed after %q with %d left", word, test.prefix, test.remaining)
				}
			}
		})
	}
}

// walk writes a text of n tokens, each drawn evenly from those allowed.
func walk(t testing.TB, g *Grammar, n int, draw func(int) int) string {
	t.Helper()
	var text strings.Builder
	state := g.Start()
	for remaining := n; remaining > 0; remaining-- {
		words := allowedWords(&state, remaining)
		if len(words) == 0 {
			t.Fatalf("dead end after %q with %d tokens left", text.String(), remaining)
		}
		word := words[draw(len(words))]
		if err := state.Push(slices.Index(g.words, word)); err != nil {
			t.Fatalf("after %q: %v", text.String(), err)
		}
		text.WriteString(word)
	}
	if !state.Complete() {
		t.Fatalf("%q is not complete", text.String())
	}
	return text.String()
}

func TestRandomWalksEndAndParse(t *testing.T) {
	for name, test := range map[string]struct {
		vocabulary []string
		// part is how many of the texts chem must read.
		part float64
	}{
		"aliphatic": {aliphatic, 1},
		// more than six unsettled atoms are not tracked
		"aromatic": {organic, 0.999},
	} {
		t.Run(name, func(t *testing.T) {
			g := mustNew(t, test.vocabulary)
			rng := rand.New(rand.NewPCG(1, 2))
			const walks = 1000 // a sample; make referee walks as far as it is told
			t.Parallel()
			bad := 0
			for range walks {
				text := walk(t, g, 1+rng.IntN(40), rng.IntN)
				if _, err := chem.Parse(text); err != nil {
					bad++
					t.Logf("%s: %v", text, err)
				}
			}
			if float64(walks-bad) < test.part*walks {
				t.Errorf("chem refuses %d of %d", bad, walks)
			}
		})
	}
}

func TestEveryWalkEnds(t *testing.T) {
	full := mustNew(t, organic)
	// no heteroatom to end an odd ring with
	poor := mustNew(t, strings.Fields("C c n = 1 2 ( )"))
	rich := mustNew(t, append(slices.Clone(organic), ".", "/", "\\", "%10", "$", "*", "[Na+]", "[2H]", "b", "[cH-]", "p"))
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.SampledFrom([]*Grammar{full, poor, rich}).Draw(t, "grammar")
		n := rapid.IntRange(1, 60).Draw(t, "tokens")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		state := g.Start()
		var text strings.Builder
		for remaining := n; remaining > 0; remaining-- {
			words := allowedWords(&state, remaining)
			if len(words) == 0 {
				t.Fatalf("dead end after %q with %d tokens left", text.String(), remaining)
			}
			word := words[rng.IntN(len(words))]
			text.WriteString(word)
			if err := state.Push(slices.Index(g.words, word)); err != nil {
				t.Fatal(err)
			}
		}
		if !state.Complete() {
			t.Fatalf("%q is not complete", text.String())
		}
	})
}

// molecules reads the SMILES that the comparison with RDKit begins with.
func molecules(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("../referee/testdata/molecules.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for line := range strings.Lines(string(data)) {
		smiles, _, _ := strings.Cut(line, "\t")
		texts = append(texts, smiles)
	}
	if len(texts) < 300 {
		t.Fatalf("only %d molecules", len(texts))
	}
	return texts[1:] // after the heading
}

func TestRealMoleculesAreAcceptedAtEveryStep(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, smiles := range molecules(t) {
		m, err := chem.Parse(smiles)
		if err != nil {
			t.Fatal(err)
		}
		checkAccepted(t, m.SMILES())
		checkAccepted(t, m.KekuleSMILES())
		for range 3 {
			checkAccepted(t, m.RandomSMILES(rng))
		}
	}
}

func checkAccepted(t *testing.T, text string) {
	t.Helper()
	words := mustTokenise(t, text)
	if strings.Join(words, "") != text {
		t.Fatalf("%s is split into %q", text, words)
	}
	vocabulary := append(slices.Clone(words), "C", "c", "=")
	slices.Sort(vocabulary)
	g := mustNew(t, slices.Compact(vocabulary))
	state := g.Start()
	for i, word := range words {
		if !slices.Contains(allowedWords(&state, len(words)-i), word) {
			t.Fatalf("%s: %q is not allowed after %q", text, word, strings.Join(words[:i], ""))
		}
		if err := state.Push(slices.Index(g.words, word)); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	if !state.Complete() {
		t.Errorf("%s is not complete", text)
	}
}
