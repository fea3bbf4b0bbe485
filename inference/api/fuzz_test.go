package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
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
			g, err = parseGeneration(o, library.Vocabulary(), []string{"library"}, 0)
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
	if n := utf8.RuneCountInString(g.Prompt); n > maxPrompt || !utf8.ValidString(g.Prompt) {
		t.Errorf("%q: prompt of %d characters", body, n)
	}
	if g.Prompt == "" && !g.saysWhat() {
		t.Errorf("%q says nothing to look for", body)
	}
	if g.Count < 1 || g.Count > maxMolecules {
		t.Errorf("%q: count %d", body, g.Count)
	}
	if g.Seed != nil && (*g.Seed < -maxExact || *g.Seed > maxExact) {
		t.Errorf("%q: seed %d", body, *g.Seed)
	}
	if r := g.Constraints.Weight; r.Min != nil && r.Max != nil && *r.Min > *r.Max {
		t.Errorf("%q: weight from %v to %v", body, *r.Min, *r.Max)
	}
	if g.Like != nil && strings.Count(g.Like.SMILES(), "C") > maxHeavyAtoms {
		t.Errorf("%q: like of %d atoms", body, g.Like.HeavyAtoms())
	}
}

// Whatever is sent, the answer is as documented, and never a fault of ours.
func FuzzRequests(f *testing.F) {
	for _, seed := range []struct{ path, body string }{
		{"/api/v1/generate", `{"like": "COc1cc(C=O)ccc1O", "scaffold": "c1ccccc1"}`},
		{"/api/v1/generate", `{"scaffold": "*C[2H].[Na+].[H]", "num_molecules": 1, "stream": true}`},
		{"/api/v1/assess/safety", `{"smiles": ["[O-][N+](=O)c1ccccc1", "C[Hg]C", "[nH]1cccc1"], "min_safety": 1}`},
		{"/api/v1/assess/safety", `{"smiles": "[Fe+2].[Cl-].[Cl-]"}`},
		{"/api/v1/design/fragrance", `{"prompt": "smoky rose, no musk; base of oud", "num_odorants": 20}`},
		{"/api/v1/molecules/depict.svg?smiles=C1CC2CCC1C2&width=99", ``},
		{"/api/v1/molecules/similar?smiles=CC%28=O%29O&limit=1&", ``},
		{"/api/v1/molecules/similar?smiles=[2H]C", ``},
	} {
		f.Add(seed.path, seed.body)
	}
	h, err := New(config(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Host != "" || u.Path != path.Clean(u.Path) || !strings.HasPrefix(u.Path, "/") {
			return // the router cleans paths first
		}
		method := http.MethodPost
		if body == "" {
			method = http.MethodGet
		}
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		r.URL = u
		switch rec := send(documented(t, h), r); rec.Code {
		case 200, 400, 404, 405, 413, 415, 422:
		default:
			t.Errorf("%s %q %q: %d %s", method, target, body, rec.Code, rec.Body)
		}
	})
}
