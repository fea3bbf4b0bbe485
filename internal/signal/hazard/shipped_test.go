package hazard_test

import (
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/signal/term"
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

// Without a count, a formula is an abbreviation of something else too.
func TestFormulasHaveCounts(t *testing.T) {
	for _, s := range shipped(t).Substances() {
		if s.Formula() != "" && !strings.ContainsAny(s.Formula(), "23456789") {
			t.Errorf("%s: %s: write it as a name", s.Name, s.Formula())
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

func BenchmarkMatch(b *testing.B) {
	g := newGate(b, shipped(b))
	for name, text := range map[string]string{
		"nothing 300 B": strings.Repeat("fresh citrus over wet cedar, ", 10),
		"hits 300 B":    strings.Repeat("sarin over wet potassium cyanide, ", 9),
	} {
		var hits []term.Hit
		found := func(hit term.Hit) bool {
			if hit.Set == names {
				hits = append(hits, hit)
			}
			return true
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				hits = hits[:0]
				g.dictionary.Scan(text, found)
				g.table.Match(hits, nil, term.Cover{})
			}
		})
	}
}
