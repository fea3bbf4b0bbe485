package feedback

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/odordiff/odordiff/inference/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheLastWordAboutAMoleculeCounts(t *testing.T) {
	s, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "records.db"), Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	book := NewBook(s)
	first := Entry{Principal: "ada", SMILES: "CCO", Rating: 1, Comment: "harsh", Created: time.UnixMilli(1)}
	second := Entry{Principal: "ada", SMILES: "CCO", Rating: 4, Prompt: "a clean smell", Created: time.UnixMilli(2)}
	other := Entry{Principal: "bob", SMILES: "CCO", Rating: 2, Created: time.UnixMilli(3)}
	for _, e := range []Entry{first, second, other} {
		if err := book.Save(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []Entry{second, other} {
		got, found, err := book.Find(t.Context(), want.Principal, "CCO")
		if err != nil || !found {
			t.Fatal(found, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if _, found, err := book.Find(t.Context(), "eve", "CCO"); found || err != nil {
		t.Error(found, err)
	}
}
