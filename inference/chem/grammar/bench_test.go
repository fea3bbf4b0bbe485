package grammar

import "testing"

var benchmarkTexts = map[string]string{
	"linalool":  "C=CC(C)(O)CCC=C(C)C",
	"vanillin":  "COc1cc(C=O)ccc1O",
	"muscone":   "CC1CCCCCCCCCCCCC(=O)C1",
	"quinoline": "CC(C)Cc1ccc2ncccc2c1",
	"cedrol":    "CC1CCC2C13CCC(C)(O)C(C3)C2(C)C",
}

// BenchmarkStep measures Allowed and Push of one token, averaged over a text.
func BenchmarkStep(b *testing.B) {
	g := mustNew(b, organic)
	for name, smiles := range benchmarkTexts {
		b.Run(name, func(b *testing.B) {
			ids := idsOf(b, g, smiles)
			allowed := make([]bool, g.Size())
			b.ReportAllocs()
			steps := 0
			for b.Loop() {
				state := g.Start()
				for i, id := range ids {
					state.Allowed(len(ids)-i, allowed)
					if err := state.Push(id); err != nil {
						b.Fatal(err)
					}
				}
				steps += len(ids)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps), "ns/step")
		})
	}
}

func idsOf(t testing.TB, g *Grammar, smiles string) []int {
	t.Helper()
	words, err := Tokenise(smiles)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]int, len(words))
	for i, word := range words {
		ids[i] = -1
		for id, w := range g.words {
			if w == word {
				ids[i] = id
			}
		}
	}
	return ids
}
