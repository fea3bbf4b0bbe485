package depict

import (
	"strconv"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem/chemtest"
)

// smiles writes a skeleton with something attached to some of its corners.
func (s ringTemplate) smiles(attached map[int]string) string {
	neighbours := make([][]int, len(s.points))
	for _, b := range s.bonds {
		neighbours[b[0]], neighbours[b[1]] = append(neighbours[b[0]], b[1]), append(neighbours[b[1]], b[0])
	}
	parent := map[int]int{0: -1}
	children := make([][]int, len(s.points))
	var span func(corner int)
	span = func(corner int) {
		for _, n := range neighbours[corner] {
			if _, reached := parent[n]; !reached {
				parent[n] = corner
				children[corner] = append(children[corner], n)
				span(n)
			}
		}
	}
	span(0)
	var write func(corner int) string
	write = func(corner int) string {
		var text strings.Builder
		text.WriteByte('C')
		for i, b := range s.bonds {
			if (b[0] == corner || b[1] == corner) && parent[b[0]] != b[1] && parent[b[1]] != b[0] {
				text.WriteString("%" + strconv.Itoa(10+i))
			}
		}
		if attached[corner] != "" {
			text.WriteString("(" + attached[corner] + ")")
		}
		for _, child := range children[corner] {
			text.WriteString("(" + write(child) + ")")
		}
		return text.String()
	}
	return write(0)
}

// outsideBondsCross reports whether a bond outside rings crosses another.
func (d *Drawing) outsideBondsCross() bool {
	for i, b := range d.Bonds {
		if d.mol.Bond(i).InRing {
			continue
		}
		for j, c := range d.Bonds {
			apart := b.Begin != c.Begin && b.Begin != c.End && b.End != c.Begin && b.End != c.End
			if i != j && apart && segmentsCross(d.at(b.Begin), d.at(b.End), d.at(c.Begin), d.at(c.End)) {
				return true
			}
		}
	}
	return false
}

// pinane and gonane are the places of these in skeletons.
const (
	pinane = 3
	gonane = 10
)

func TestSubstituentsOfAKnownSkeletonCrossNoRing(t *testing.T) {
	for n, s := range ringTemplates {
		if n == gonane {
			// what stands on an atom of three flat rings has no room in the plane
			continue
		}
		for corner := range s.points {
			checkSubstituents(t, s.smiles(map[int]string{corner: "CC"}))
			for other := range corner {
				if n == pinane && corner == 6 && other == 5 {
					continue // nor has what stands on both of its short bridges
				}
				checkSubstituents(t, s.smiles(map[int]string{corner: "CC", other: "C"}))
			}
		}
	}
}

func checkSubstituents(t *testing.T, smiles string) {
	t.Helper()
	if d := mustLayout(t, chemtest.Parse(t, smiles)); d.outsideBondsCross() || d.clashes() {
		t.Errorf("%s: a substituent crosses a ring, or atoms are too near", d.mol.SMILES())
	}
}

func TestTheSkeletonsWithExceptionsAreWhereTheTestLooks(t *testing.T) {
	for n, smiles := range map[int]string{pinane: "C1CC2CC(C1)C2", gonane: "C1CCC2C(C1)CCC1C2CCC2CCCC12"} {
		if got, want := chemtest.Parse(t, ringTemplates[n].smiles(nil)).SMILES(), chemtest.Parse(t, smiles).SMILES(); got != want {
			t.Errorf("skeleton %d is %s, want %s", n, got, want)
		}
	}
}
