package safety

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/chem/smarts"
	"github.com/odordiff/odordiff/inference/tsv"
)

// reference returns the table that testdata/reference.py printed: SMILES and
// the alerts that RDKit finds in it. SAFETY_REFERENCE names another one than
// that of the repository.
func reference(t *testing.T) string {
	t.Helper()
	table, err := os.ReadFile(cmp.Or(os.Getenv("SAFETY_REFERENCE"), "testdata/reference.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	return string(table)
}

func TestAlertsAgreeWithRDKit(t *testing.T) {
	known := map[string]bool{}
	for _, a := range theScreen().patterns {
		known[a.finding.ID] = true
	}
	pairs := 0
	err := tsv.Rows("reference.tsv", reference(t), 2, func(cells []string) error {
		m, err := chem.Parse(cells[0])
		if err != nil {
			t.Error(err)
			return nil
		}
		theirs := strings.Fields(cells[1])
		for _, id := range theirs {
			if !known[id] {
				t.Errorf("alert %q is gone: run testdata/reference.py", id)
			}
		}
		target := smarts.NewTarget(m)
		for _, a := range theScreen().patterns {
			pairs++
			ours := target.Matches(a.pattern)
			if ours != slices.Contains(theirs, a.finding.ID) {
				t.Errorf("%s in %s: %v here, not so in RDKit", a.finding.ID, cells[0], ours)
			}
			if ours && !newCensus(m).meets(a.needs) {
				t.Errorf("%s in %s is hidden by the census", a.finding.ID, cells[0])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d pairs of alert and molecule", pairs)
}

// TestSurvey tells how much of a table of molecules the screen withholds and
// why, and which alerts are frequent: the figures in docs/safety.md are from
// here. SAFETY_SURVEY names the file, with a heading and the SMILES in the
// first column.
func TestSurvey(t *testing.T) {
	path := os.Getenv("SAFETY_SURVEY")
	if path == "" {
		t.Skip("SAFETY_SURVEY names no file")
	}
	table, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(table)), "\n")[1:]
	var withheld, prohibited int
	causes, alerts := tally{}, tally{}
	for _, line := range lines {
		smiles, _, _ := strings.Cut(line, "\t")
		a := Assess(chemtest.Parse(t, smiles))
		for _, f := range a.Findings {
			if f.Basis == Alert {
				alerts[f.ID]++
			}
		}
		if a.Passes(DefaultMinScore) {
			continue
		}
		withheld++
		causes[a.Findings[0].ID]++
		if a.Prohibited() {
			prohibited++
		}
	}
	t.Logf("%d molecules, %d withheld, %d of them prohibited", len(lines), withheld, prohibited)
	t.Logf("withheld for: %s", causes.top(10))
	t.Logf("alerts: %s", alerts.top(10))
}

// tally counts occurrences.
type tally map[string]int

// top lists what is most frequent.
func (c tally) top(n int) string {
	names := slices.SortedFunc(maps.Keys(c), func(a, b string) int { return cmp.Or(c[b]-c[a], cmp.Compare(a, b)) })
	var top []string
	for _, name := range names[:min(n, len(names))] {
		top = append(top, fmt.Sprintf("%s %d", name, c[name]))
	}
	return strings.Join(top, ", ")
}
