package grammar

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
)

// organic is a vocabulary like that of the odorants.
var organic = strings.Fields(`<pad> <mask> C c N n O o S s F Cl Br I ( ) 1 2 3 4 5 6 - = # [nH] [N+] [O-] [n+] [N-] [C@@H] [C@H] [C@] [C@@] P B [s+] [NH+] [Si] [S+]`)

func aliphatic() []string {
	var words []string
	for _, word := range organic {
		if t, _ := readToken(word); !t.atom.aromatic {
			words = append(words, word)
		}
	}
	return words
}

func mustNew(t testing.TB, vocabulary []string) *Grammar {
	t.Helper()
	g, err := New(vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// walk writes a text of n tokens, each drawn evenly from those allowed.
func walk(t testing.TB, g *Grammar, n int, rng *rand.Rand) string {
	t.Helper()
	var text strings.Builder
	state := g.Start()
	allowed := make([]bool, g.Size())
	for remaining := n; remaining > 0; remaining-- {
		state.Allowed(remaining, allowed)
		var ids []int
		for id, ok := range allowed {
			if ok {
				ids = append(ids, id)
			}
		}
		if len(ids) == 0 {
			t.Fatalf("dead end after %q with %d tokens left", text.String(), remaining)
		}
		id := ids[rng.IntN(len(ids))]
		if err := state.Push(id); err != nil {
			t.Fatalf("after %q: %v", text.String(), err)
		}
		text.WriteString(g.words[id])
	}
	if !state.Complete() {
		t.Fatalf("%q is not complete", text.String())
	}
	return text.String()
}

func TestWalk(t *testing.T) {
	for name, words := range map[string][]string{"organic": organic, "aliphatic": aliphatic()} {
		g := mustNew(t, words)
		rng := rand.New(rand.NewPCG(1, 2))
		bad, total := 0, 2000
		for range total {
			text := walk(t, g, 1+rng.IntN(40), rng)
			if _, err := chem.Parse(text); err != nil {
				bad++
				if bad < 10 {
					t.Log(text, err)
				}
			}
		}
		t.Log(name, bad, "of", total)
	}
}
