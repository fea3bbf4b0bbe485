package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/odordiff/odordiff/inference/chem"
)

// query takes the known parameters out of a query and collects what is wrong
// with them. Errors name a parameter behind a question mark.
type query struct {
	values url.Values
	errors []fieldError
}

func readQuery(r *http.Request) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.fail("", "is not well-formed")
	}
	return q
}

func (q *query) fail(name, format string, arguments ...any) {
	q.errors = append(q.errors, fieldError{Field: "?" + name, Message: fmt.Sprintf(format, arguments...)})
}

// done returns the problem of all errors, those of unknown parameters included.
func (q *query) done() error {
	names := make([]string, 0, len(q.values))
	for name := range q.values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		q.fail(name, "is not known")
	}
	if len(q.errors) > 0 {
		return invalid(q.errors...)
	}
	return nil
}

// take removes a parameter. It reports whether the parameter is there.
func (q *query) take(name string) (string, bool) {
	values, ok := q.values[name]
	delete(q.values, name)
	if len(values) > 1 {
		q.fail(name, "is given more than once")
	}
	if !ok {
		return "", false
	}
	return values[0], true
}

// molecule takes a SMILES, which must be there.
func (q *query) molecule(name string) *chem.Molecule {
	smiles, ok := q.take(name)
	if !ok {
		q.fail(name, "is missing")
		return nil
	}
	m, wrong := readMolecule("?"+name, smiles)
	if wrong != nil {
		q.errors = append(q.errors, *wrong)
	}
	return m
}

// integerOr takes an integer within bounds, with a default.
func (q *query) integerOr(name string, least, most, otherwise int) int {
	text, ok := q.take(name)
	if !ok {
		return otherwise
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < least || number > most {
		q.fail(name, "must be an integer from %d to %d", least, most)
	}
	return number
}
