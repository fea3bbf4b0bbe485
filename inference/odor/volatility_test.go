package odor

import (
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
)

func TestNotesFollowFromBoilingPoints(t *testing.T) {
	for smiles, want := range map[string]Note{
		"CCOC(C)=O":            Top,   // ethyl acetate
		"COc1cc(CC=C)ccc1O":    Heart, // eugenol
		"CC(=O)OCc1ccccc1":     Heart, // benzyl acetate
		"O=C1CCCCCCCCCCCCCCO1": Base,  // Exaltolide
	} {
		m, err := chem.Parse(smiles)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := NoteOf(m); !ok || got != want {
			t.Errorf("%s is %q, want %q", smiles, got, want)
		}
	}
}

// The documentation says how often the estimate agrees with the library.
func TestEstimatedNotesAgreeWithThoseOfTheLibrary(t *testing.T) {
	library, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	agree, all := 0, 0
	for _, o := range library.Odorants() {
		if note, ok := NoteOf(o.Structure); ok {
			all++
			if note == o.Note {
				agree++
			}
		}
	}
	if share := float64(agree) / float64(all); share < 0.75 {
		t.Errorf("%d of %d agree: %.3f", agree, all, share)
	}
}
