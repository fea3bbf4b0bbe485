package term_test

import (
	"slices"
	"testing"

	"github.com/odordiff/odordiff/internal/signal/term"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// dictionary is one set of terms to look for.
type dictionary struct {
	*term.Dictionary
	terms []string
}

func dictionaryOf(t interface {
	Helper()
	Fatal(...any)
}, terms ...string) dictionary {
	t.Helper()
	d, err := term.New([]term.Set{{Name: "x", Terms: terms}})
	if err != nil {
		t.Fatal(err)
	}
	return dictionary{d, terms}
}

// hits returns all that a dictionary finds in a text that is already in its
// seamed form.
func hits(d *term.Dictionary, seamed string) []term.Hit {
	var all []term.Hit
	d.Scan(seamed, func(hit term.Hit) bool {
		all = append(all, hit)
		return true
	})
	return all
}

// found returns the terms in a text, each once, in the order of their first
// ends.
func (d dictionary) found(text string) []string {
	var found []string
	for _, hit := range hits(d.Dictionary, textnorm.Seamed(text)) {
		if name := d.terms[hit.Term]; !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	return found
}

func wantTerms(t *testing.T, d dictionary, wants map[string][]string) {
	t.Helper()
	for text, want := range wants {
		if got := d.found(text); !slices.Equal(got, want) {
			t.Errorf("in %.40q: %q, want %q", text, got, want)
		}
	}
}
