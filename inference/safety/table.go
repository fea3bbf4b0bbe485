package safety

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/odordiff/odordiff/inference/tsv"
)

//go:embed alerts.tsv
var alertTable string

//go:embed restricted.tsv
var restrictedTable string

//go:embed sources.tsv
var sourceTable string

// screen is what molecules are compared with.
type screen struct {
	patterns   []alert
	substances substances
}

// theScreen is the built-in screen, read once. The tables are compiled in, so a
// mistake in them is a bug.
var theScreen = sync.OnceValue(func() *screen {
	s, err := loadScreen(alertTable, restrictedTable, sourceTable)
	if err != nil {
		panic(err)
	}
	return s
})

func loadScreen(alerts, restricted, sources string) (*screen, error) {
	cited, err := loadSources(sources)
	if err != nil {
		return nil, err
	}
	s := &screen{}
	if s.patterns, err = loadAlerts(alerts, cited); err != nil {
		return nil, err
	}
	if s.substances, err = loadSubstances(restricted, cited); err != nil {
		return nil, err
	}
	return s, nil
}

// sources are the works that the tables cite, by their keys.
type sources map[string]string

func loadSources(table string) (sources, error) {
	s := sources{}
	err := tsv.Rows("sources.tsv", table, 2, func(cells []string) error {
		if s[cells[0]] != "" {
			return fmt.Errorf("%q is there twice", cells[0])
		}
		s[cells[0]] = cells[1]
		return nil
	})
	return s, err
}

// cite writes out a cell of keys, each with an optional place after a space:
// "cosmetics Annex II; ifra".
func (s sources) cite(cell string) (string, error) {
	var cited []string
	for part := range strings.SplitSeq(cell, "; ") {
		key, place, _ := strings.Cut(part, " ")
		work, ok := s[key]
		if !ok {
			return "", fmt.Errorf("source %q is not in sources.tsv", key)
		}
		if place != "" {
			work += ", " + place
		}
		cited = append(cited, work)
	}
	return strings.Join(cited, "; "), nil
}

// severityOf reads a severity.
func severityOf(cell string) (Severity, error) {
	switch s := Severity(cell); s {
	case Notice, Caution, Warning, Prohibitive:
		return s, nil
	}
	return "", fmt.Errorf("unknown severity %q", cell)
}
