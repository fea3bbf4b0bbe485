package depict

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
)

// knotted writes a chain of carbons with rings closed between random atoms that
// are up to reach apart.
func knotted(seed uint64, atoms, rings, reach int) string {
	rng := rand.New(rand.NewPCG(seed, 7))
	marks := make([]string, atoms)
	bonded := map[[2]int]bool{}
	for ring := 1; ring <= rings; {
		a := rng.IntN(atoms)
		b := a + 2 + rng.IntN(reach)
		if b >= atoms || len(marks[a]) > 3 || len(marks[b]) > 3 || bonded[[2]int{a, b}] {
			continue
		}
		bonded[[2]int{a, b}] = true
		mark := fmt.Sprintf("%%%02d", ring)
		marks[a] += mark
		marks[b] += mark
		ring++
	}
	return "C" + strings.Join(marks, "C")
}

// dendrimer writes a tree that branches in two at every atom.
func dendrimer(generations int) string {
	if generations == 0 {
		return "C"
	}
	branch := dendrimer(generations - 1)
	return "C(" + branch + ")(" + branch + ")"
}

// Without their bounds the searches for shapes and for overlaps would outlast
// the tests' time on some of these. The crosses reach the bound of the
// overlaps, the chains with rings that of the shapes; of the others a size that
// tells is enough.
func TestEveryMoleculeIsDrawnWithinBounds(t *testing.T) {
	texts := map[string]string{
		"large ring": "C1" + strings.Repeat("C", largestShaped+60) + "C1",
		"shaped":     "C1" + strings.Repeat("C", largestShaped-2) + "C1",
		"searched":   "C1" + strings.Repeat("C", largestSearched-2) + "C1",
		"crosses":    "C" + strings.Repeat("(C)(C)C", 330),
		"specks":     strings.Repeat("C.", chem.MaxAtoms-1) + "C",
		"dendrimer":  dendrimer(6),
		"phenyls":    strings.Repeat("C(c1ccccc1)", 20),
	}
	for _, size := range [][2]int{{30, 10}, {60, 20}, {90, 45}, {900, 99}} {
		for _, reach := range []int{4, 20} {
			texts[fmt.Sprintf("%d atoms, %d rings, reach %d", size[0], size[1], reach)] = knotted(1, size[0], size[1], reach)
		}
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := chemtest.Parse(t, text)
			d := mustLayout(t, m)
			for i, p := range d.Points {
				if !(math.Abs(p.X) < 2000 && math.Abs(p.Y) < 2000) {
					t.Fatalf("atom %d is at %v", i, p)
				}
			}
			out, err := d.SVG(Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(out) > 2<<20 {
				t.Errorf("%d bytes of SVG", len(out))
			}
		})
	}
}

func FuzzSVG(f *testing.F) {
	for _, smiles := range odorants {
		f.Add(smiles)
	}
	f.Fuzz(func(t *testing.T, smiles string) {
		m, err := chem.Parse(smiles)
		if err != nil {
			return
		}
		d, err := Layout(m)
		if err != nil {
			return
		}
		for i, p := range d.Points {
			if math.IsNaN(p.X) || math.IsInf(p.X, 0) || math.IsNaN(p.Y) || math.IsInf(p.Y, 0) {
				t.Fatalf("%s: atom %d is at %v", smiles, i, p)
			}
		}
		out, err := d.SVG(Options{Title: smiles})
		if err != nil {
			t.Fatal(err)
		}
		checkXML(t, out)
	})
}
