package api

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/internal/problem"
)

func FuzzParseGeneration(f *testing.F) {
	library, err := odor.Default()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		`{"prompt": "rose", "num_molecules": 5, "seed": 1}`, `{"prompt": "\u00e9", "num_molecules": 5e0}`, `{"prompt": null, "prompt": 1}`,
		`{"like": "COc1cc(C=O)ccc1O", "scaffold": "c1ccccc1", "temperature": 0.5, "steps": 10, "guidance": 2, "stream": true}`,
		`{"constraints": {"molecular_weight": {"min": 100, "max": 1e999}, "logp": {}, "must": ["rose", 5], "must_not": ["musky"], "min_safety": 0.5}}`,
		`[]`, `{"a/b": {"~": []}}`, `{"prompt": "\ud800"}`, ``, `{`, `1e999`, `{"engine": "library", "scaffold": "C1CC"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var g generation
		o, err := newObject(body)
		if err == nil {
			g, err = parseGeneration(o, library.Vocabulary(), []string{"library"})
		}
		if err != nil {
			p := (*problem.Problem)(nil)
			if !errors.As(err, &p) || p.Kind != problem.Malformed && p.Kind != problem.Invalid {
				t.Fatalf("%q is refused by %v", body, err)
			}
			return
		}
		checkGeneration(t, body, g)
	})
}

func checkGeneration(t *testing.T, body []byte, g generation) {
	t.Helper()
	if n := utf8.RuneCountInString(g.Prompt); n > MaxPrompt || !utf8.ValidString(g.Prompt) {
		t.Errorf("%q: prompt of %d characters", body, n)
	}
	if g.Prompt == "" && !g.saysWhat() {
		t.Errorf("%q says nothing to look for", body)
	}
	if g.Count < 1 || g.Count > MaxMolecules {
		t.Errorf("%q: count %d", body, g.Count)
	}
	if g.Seed != nil && (*g.Seed < -maxExact || *g.Seed > maxExact) {
		t.Errorf("%q: seed %d", body, *g.Seed)
	}
	if r := g.Constraints.Weight; r.Min != nil && r.Max != nil && *r.Min > *r.Max {
		t.Errorf("%q: weight from %v to %v", body, *r.Min, *r.Max)
	}
	if g.Like != nil && strings.Count(g.Like.SMILES(), "C") > MaxHeavyAtoms {
		t.Errorf("%q: like of %d atoms", body, g.Like.HeavyAtoms())
	}
}
