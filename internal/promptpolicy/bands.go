package promptpolicy

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/odordiff/odordiff/internal/signal"
	"github.com/odordiff/odordiff/internal/signal/guard"
)

// signalsRoot is the data document that says how signals are given to rules.
const signalsRoot = "signals"

// measure is a figure of a text that rules see in bands.
type measure struct {
	name string
	// prose says that it is of prose only.
	prose bool
	of    func(*signal.Signals) float64
}

func scoreOf(class guard.Class) func(*signal.Signals) float64 {
	return func(s *signal.Signals) float64 { return s.Scores[class] }
}

// measures are all there are.
var measures = []measure{
	{"scent", true, scoreOf(guard.Scent)},
	{"off_topic", true, scoreOf(guard.Other)},
	{"injection", true, scoreOf(guard.Injection)},
	{"harmful", true, scoreOf(guard.Harmful)},
	{"length", false, func(s *signal.Signals) float64 { return float64(s.Text.Characters) }},
	{"words", false, func(s *signal.Signals) float64 { return float64(s.Text.Words) }},
	{"longest_word", false, func(s *signal.Signals) float64 { return float64(s.Text.LongestWord) }},
	{"average_word", false, func(s *signal.Signals) float64 { return s.Text.AverageWord() }},
	{"letters", false, func(s *signal.Signals) float64 { return float64(s.Text.Letters) }},
	{"entropy", false, func(s *signal.Signals) float64 { return s.Text.Entropy }},
}

// none is the band below all that are named.
const none = "none"

// bands divide the figures of a measure. A rule sees the name of the highest
// band that a figure reaches, so that texts which differ little look the same.
type bands struct {
	measure measure
	name    *ast.Term // of the measure
	// names and from are ordered; the first is none.
	names []*ast.Term
	from  []float64
}

// of returns which band a figure is in.
func (b *bands) of(figure float64) int {
	at := len(b.from) - 1
	for at > 0 && figure < b.from[at] {
		at--
	}
	return at
}

// bandsOf returns the bands of a measure; nil if it has none.
func (v *view) bandsOf(name string) *bands {
	for i := range v.bands {
		if v.bands[i].measure.name == name {
			return &v.bands[i]
		}
	}
	return nil
}

// view is how a policy sees signals: data.signals.
type view struct {
	bands []bands
	// structures are the pointers to fields that hold structural formulas.
	structures []string
}

// loadView reads data.signals.
func loadView(data map[string]any) (*view, error) {
	v := &view{}
	content, ok := data[signalsRoot]
	if !ok {
		return v, nil
	}
	members, ok := content.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("data.%s must be an object", signalsRoot)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		var err error
		switch name {
		case "bands":
			err = v.loadBands(members[name])
		case "structures":
			v.structures, err = pointerList(members[name])
		default:
			err = errors.New("is not known: there are bands and structures")
		}
		if err != nil {
			return nil, fmt.Errorf("data.%s.%s %w", signalsRoot, name, err)
		}
	}
	return v, nil
}

func pointerList(list any) ([]string, error) {
	pointers, err := termList(list)
	if err != nil {
		return nil, err
	}
	for _, pointer := range pointers {
		if _, err := ParsePromptPath(pointer); err != nil {
			return nil, fmt.Errorf("has %q, which must be a JSON Pointer such as /scaffold", pointer)
		}
	}
	return pointers, nil
}

func (v *view) loadBands(content any) error {
	of, ok := content.(map[string]any)
	if !ok {
		return errors.New("must be an object, such as {injection: {possible: 0.5, sure: 0.9}}")
	}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		at := slices.IndexFunc(measures, func(m measure) bool { return m.name == name })
		if at < 0 {
			var known []string
			for _, m := range measures {
				known = append(known, m.name)
			}
			return fmt.Errorf("has %q, which is no measure: there are %s", name, strings.Join(known, ", "))
		}
		b, err := loadBand(measures[at], of[name])
		if err != nil {
			return fmt.Errorf("has %s, which %w", name, err)
		}
		v.bands = append(v.bands, b)
	}
	return nil
}

func loadBand(m measure, content any) (bands, error) {
	from, ok := content.(map[string]any)
	if !ok || len(from) == 0 {
		return bands{}, errors.New("must be an object of thresholds, such as {possible: 0.5, sure: 0.9}")
	}
	type band struct {
		name string
		from float64
	}
	all := []band{{none, math.Inf(-1)}}
	for name, threshold := range from {
		number, ok := threshold.(json.Number)
		figure, err := number.Float64()
		if !ok || err != nil {
			return bands{}, fmt.Errorf("has the band %q, whose threshold must be a number", name)
		}
		if name == none {
			return bands{}, fmt.Errorf("has the band %q, which is what lies below all others", none)
		}
		all = append(all, band{name, figure})
	}
	slices.SortFunc(all, func(a, b band) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.name, b.name)) })
	b := bands{measure: m, name: ast.StringTerm(m.name)}
	for i := range all {
		if i > 0 && all[i].from == all[i-1].from {
			return bands{}, fmt.Errorf("has the bands %q and %q from the same threshold", all[i-1].name, all[i].name)
		}
		b.names, b.from = append(b.names, ast.StringTerm(all[i].name)), append(b.from, all[i].from)
	}
	return b, nil
}

// isStructure reports whether a prompt's path leads to a structural formula, or
// into a list of them.
func (v *view) isStructure(path string) bool {
	for _, field := range v.structures {
		if rest, ok := strings.CutPrefix(path, field); ok && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}
