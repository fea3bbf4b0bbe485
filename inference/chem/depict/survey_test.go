package depict

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
)

// TestSurvey draws the first column of the tab-separated file that ODORANTS
// names and reports how many drawings have atoms less than half a bond length
// apart or bonds that cross, and how long a drawing takes.
func TestSurvey(t *testing.T) {
	path := os.Getenv("ODORANTS")
	if path == "" {
		t.Skip("ODORANTS names no file")
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var times []time.Duration
	clashing, crossing := 0, 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		smiles, _, _ := strings.Cut(lines.Text(), "\t")
		m, err := chem.Parse(smiles)
		if err != nil {
			continue
		}
		start := time.Now()
		d := mustLayout(t, m)
		times = append(times, time.Since(start))
		checkHandedness(t, smiles, d)
		checkGeometry(t, smiles, d)
		if d.clashes() {
			clashing++
		}
		if d.crosses() {
			crossing++
		}
	}
	if len(times) == 0 {
		t.Fatalf("no molecules in %s", path)
	}
	slices.Sort(times)
	var total time.Duration
	for _, took := range times {
		total += took
	}
	t.Logf("%d molecules: %d with atoms too near, %d with crossing bonds; mean %v, median %v, 99th percentile %v, longest %v",
		len(times), clashing, crossing, total/time.Duration(len(times)),
		times[len(times)/2], times[len(times)*99/100], times[len(times)-1])
}

func (d *Drawing) clashes() bool {
	for i := range d.Points {
		for j := range i {
			if distance(d.at(i), d.at(j)) < 0.5 {
				return true
			}
		}
	}
	return false
}

func (d *Drawing) crosses() bool {
	for i, b := range d.Bonds {
		for _, c := range d.Bonds[:i] {
			apart := b.Begin != c.Begin && b.Begin != c.End && b.End != c.Begin && b.End != c.End
			if apart && segmentsCross(d.at(b.Begin), d.at(b.End), d.at(c.Begin), d.at(c.End)) {
				return true
			}
		}
	}
	return false
}

func TestOrdinaryOdorantsDoNotOverlap(t *testing.T) {
	for name, smiles := range odorants {
		if slices.Contains([]string{"patchoulol", "longifolene", "adamantanol"}, name) {
			continue // cages, in which bonds cross in every drawing
		}
		if d := mustLayout(t, chemtest.Parse(t, smiles)); d.crosses() || d.clashes() {
			t.Errorf("%s: bonds cross or atoms are too near", name)
		}
	}
}

func BenchmarkLayout(b *testing.B) {
	m := chemtest.Parse(b, odorants["cis-jasmone"])
	for b.Loop() {
		mustLayout(b, m)
	}
}
