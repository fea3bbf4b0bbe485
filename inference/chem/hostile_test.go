package chem

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// grid writes a sheet of fused squares, w by h atoms.
func grid(w, h int) string {
	var text strings.Builder
	for y := range h {
		if y > 0 {
			text.WriteByte('.')
		}
		for x := range w {
			text.WriteString("C")
			if y > 0 {
				text.WriteString(ringText(1 + (y+1)%2*w + x))
			}
			if y+1 < h {
				text.WriteString(ringText(1 + y%2*w + x))
			}
		}
	}
	return text.String()
}

// Without their bounds the searches for rings, aromatic systems and canonical
// ranks would outlast the tests' time on some of these.
func TestParseBoundsItsWorkOnDifficultMolecules(t *testing.T) {
	for name, smiles := range map[string]string{
		"sheet":                    grid(10, 11),
		"ladder":                   grid(2, 99),
		"large ring":               "C1" + strings.Repeat("C", MaxAtoms-2) + "C1",
		"long aromatic ring":       "c1" + strings.Repeat("cc", 499) + "c1",
		"polyacene":                acene(98),
		"many equal parts":         strings.TrimSuffix(strings.Repeat("C1CC1.", 99), "."),
		"all ties with stereo":     "C" + strings.Repeat("[C@H]1CC[C@H](CC1)", 60) + "C",
		"many double bonds":        "C" + strings.Repeat("/C=C/C", 300),
		"many sulfur substituents": strings.Repeat("S(=O)(=O)", 300) + "C",
		"deep branches":            strings.Repeat("C(", MaxBranchDepth) + "C" + strings.Repeat(")", MaxBranchDepth),
		"wildcards":                strings.Repeat("*", MaxAtoms),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := mustParse(t, smiles)
			for i, atom := range slices.Sorted(slices.Values(m.CanonicalOrder())) {
				if i != atom {
					t.Fatalf("the canonical order lacks atom %d", i)
				}
			}
			if random := m.RandomSMILES(rand.New(rand.NewPCG(1, 1))); len(random) < m.NumAtoms() {
				t.Errorf("%d atoms are written as %s", m.NumAtoms(), random)
			}
		})
	}
}

// acene writes so many linearly fused benzene rings, three at least.
func acene(rings int) string {
	var open, closed strings.Builder
	for i := 3; i <= rings; i++ {
		open.WriteString("cc" + ringText(i))
	}
	for i := rings - 1; i >= 2; i-- {
		closed.WriteString("cc" + ringText(i))
	}
	return "c1ccc2" + open.String() + "ccccc" + ringText(rings) + closed.String() + "c1"
}

func TestParseRefusesWithoutReadingItAll(t *testing.T) {
	huge := strings.Repeat("C1CC1", 2<<20) // ten megabytes
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		if _, err := Parse(huge); err == nil {
			t.Fatal("accepted")
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes allocated for refusing", used)
	}
}

func TestParseNeverFailsBadlyOnGarbage(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 13))
	alphabet := "CNOPSFIBcnops()[]123456789%=#$-+@H/\\.:* \x00é"
	for range 20000 {
		text := make([]byte, 1+rng.IntN(60))
		for i := range text {
			text[i] = alphabet[rng.IntN(len(alphabet))]
		}
		if m, err := Parse(string(text)); err == nil {
			checkReadsBack(t, m, m.SMILES())
		}
	}
}
