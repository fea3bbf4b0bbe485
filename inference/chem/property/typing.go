package property

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/smarts"
)

// typing sorts atoms into types: the type of an atom is the first whose pattern
// matches with the atom at its head. The types are kept by element, each list
// in the order of the table.
type typing struct {
	byElement [chem.LastElement + 1][]atomType
}

// atomType is one line of a table.
type atomType struct {
	name    string
	pattern *smarts.Pattern
	values  []float64
}

// mustReadTyping reads an embedded table: lines of type, elements, SMARTS and
// the given number of values, with tabs between; "#" begins a comment line.
func mustReadTyping(table string, values int) *typing {
	t := &typing{}
	for line := range strings.Lines(table) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if err := t.add(strings.Split(line, "\t"), values); err != nil {
			panic(fmt.Sprintf("line %q: %v", line, err))
		}
	}
	return t
}

func (t *typing) add(fields []string, values int) error {
	if len(fields) != 3+values {
		return fmt.Errorf("%d fields, want %d", len(fields), 3+values)
	}
	pattern, err := smarts.Compile(fields[2])
	if err != nil {
		return err
	}
	row := atomType{name: fields[0], pattern: pattern, values: make([]float64, values)}
	for i, field := range fields[3:] {
		if row.values[i], err = strconv.ParseFloat(field, 64); err != nil {
			return err
		}
	}
	for symbol := range strings.SplitSeq(fields[1], ",") {
		e, ok := chem.ElementBySymbol(symbol)
		if !ok {
			return fmt.Errorf("no element %q", symbol)
		}
		t.byElement[e] = append(t.byElement[e], row)
	}
	return nil
}

// of returns the type of an atom; nil if it has none.
func (t *typing) of(target *smarts.Target, atom int, e chem.Element) *atomType {
	types := t.byElement[e]
	for i := range types {
		if target.MatchesAt(types[i].pattern, atom) {
			return &types[i]
		}
	}
	return nil
}
