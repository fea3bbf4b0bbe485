package hazard_test

import (
	"strings"
	"testing"
)

func TestTheShippedTableIsLarge(t *testing.T) {
	table := shipped(t)
	byClass := map[string]int{}
	for _, s := range table.Substances() {
		byClass[string(s.Class)]++
	}
	if len(table.Substances()) < 800 || len(table.Terms()) < 3500 || len(byClass) != 8 {
		t.Errorf("%d substances by %d names: %v", len(table.Substances()), len(table.Terms()), byClass)
	}
}

func TestNamesHaveAnAsteriskAtTheEndOnly(t *testing.T) {
	for _, name := range shipped(t).Terms() {
		if strings.Contains(strings.TrimSuffix(name, "*"), "*") {
			t.Errorf("%q", name)
		}
	}
}

// row is a line of the corpora: a kind and a text.
type row struct{ kind, text string }

func corpus(t testing.TB, name string) (rows []row) {
	t.Helper()
	for line := range strings.Lines(read(t, "testdata/"+name)) {
		if kind, text, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && !strings.HasPrefix(line, "#") {
			rows = append(rows, row{kind, text})
		}
	}
	return rows
}

// The shares are of what was written beside the table, so they say what it
// covers, not how it does on what nobody thought of.
func TestDangerDressedAsAScentIsRecognised(t *testing.T) {
	g := newGate(t, shipped(t))
	rows := corpus(t, "dangerous.tsv")
	missed := 0
	for _, row := range rows {
		if g.why(row.text) == nil {
			missed++
			t.Logf("missed (%s): %s", row.kind, row.text)
		}
	}
	if missed*20 > len(rows) {
		t.Errorf("missed %d of %d", missed, len(rows))
	}
}

func TestWhatOnlySoundsDangerousPasses(t *testing.T) {
	g := newGate(t, shipped(t))
	for _, row := range corpus(t, "innocent.tsv") {
		if why := g.why(row.text); why != nil {
			t.Errorf("refused (%s): %s: %q", row.kind, row.text, why)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	content := parsed(b, read(b, policies+"hazards/data.yaml"))
	for b.Loop() {
		newGate(b, shipped(b))
	}
	_ = content
}
