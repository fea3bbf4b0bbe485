package safety

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func readDocs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/safety.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDocsCountTheAlerts(t *testing.T) {
	counts := map[string]map[Severity]int{}
	for _, a := range theScreen().patterns {
		f := a.finding
		if counts[f.Category] == nil {
			counts[f.Category] = map[Severity]int{}
		}
		counts[f.Category][f.Severity]++
	}
	docs := readDocs(t)
	for category, c := range counts {
		row := fmt.Sprintf("| %s | %d | %d | %d | %d |", category, c[Notice], c[Caution], c[Warning], c[Prohibitive])
		if !strings.Contains(docs, row) {
			t.Errorf("docs/safety.md lacks %q", row)
		}
	}
}

func TestDocsCountTheSubstances(t *testing.T) {
	counts := map[string]int{}
	for _, entries := range theScreen().substances.byFlat {
		for _, e := range entries {
			counts[e.finding.Category]++
		}
	}
	docs := readDocs(t)
	for category, n := range counts {
		if row := fmt.Sprintf("| %s | %d |", category, n); !strings.Contains(docs, row) {
			t.Errorf("docs/safety.md lacks %q", row)
		}
	}
}

func TestDocsNameWeightsStatusesAndLimits(t *testing.T) {
	docs := readDocs(t)
	wanted := []string{
		fmt.Sprintf("the threshold is %v:", DefaultMinScore),
		fmt.Sprintf("more than %d atoms", MaxScreenedAtoms),
		fmt.Sprintf("at most %d heavy atoms, at most %d oxygen and sulfur atoms, at most %d hydrogen-bond donor",
			MaxHeavyAtoms, MaxOxygenPlusS, MaxDonors),
		fmt.Sprintf("over %d g/mol", MaxWeight),
	}
	for _, s := range []Severity{Notice, Caution, Warning, Prohibitive} {
		wanted = append(wanted, fmt.Sprintf("| `%s` | %v |", s, s.Weight()))
	}
	for word, s := range statuses {
		wanted = append(wanted, fmt.Sprintf("| `%s` | %s |", word, s.severity))
	}
	for _, want := range wanted {
		if !strings.Contains(docs, want) {
			t.Errorf("docs/safety.md lacks %q", want)
		}
	}
}
