package api

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/odordiff/odordiff/internal/problem"
)

func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{
		`{"prompt": "rose", "num_molecules": 5, "seed": 1}`, `{"prompt": "\u00e9", "num_molecules": 5e0}`, `{"prompt": null, "prompt": 1}`,
		`[]`, `{"a/b": {"~": []}}`, `{"prompt": "\ud800"}`, ``, `{`, `1e999`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		request, err := parseRequest(body)
		if err != nil {
			p := (*problem.Problem)(nil)
			if !errors.As(err, &p) || p.Kind != problem.Malformed && p.Kind != problem.Invalid {
				t.Fatalf("%q is refused by %v", body, err)
			}
			return
		}
		if n := utf8.RuneCountInString(request.Prompt); n < 1 || n > MaxPrompt || !utf8.ValidString(request.Prompt) {
			t.Errorf("%q: prompt of %d characters", body, n)
		}
		if request.Count < 1 || request.Count > MaxMolecules {
			t.Errorf("%q: count %d", body, request.Count)
		}
		if request.Seed != nil && (*request.Seed < -maxSeed || *request.Seed > maxSeed) {
			t.Errorf("%q: seed %d", body, *request.Seed)
		}
	})
}
