package promptpolicy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Fault is one thing that is wrong with a policy directory.
type Fault struct {
	// File is the path in the directory, with slashes; empty for the directory as
	// a whole.
	File string `json:"file,omitempty"`
	// Line counts from 1; 0 where no line is at fault.
	Line int `json:"line,omitempty"`
	// Message says what is wrong.
	Message string `json:"message"`
}

// String renders the fault as "file:line: message".
func (f Fault) String() string {
	switch {
	case f.File == "":
		return f.Message
	case f.Line == 0:
		return f.File + ": " + f.Message
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
}

// Faults is the error of a policy directory that cannot be put in force.
type Faults []Fault //nolint:errname // a list that tools show, and an error where there is nothing else

// Error lists the faults, separated by semicolons.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "; ")
}

// overdue are faults that come only from taking too long. A less busy machine
// may find none.
type overdue struct{ Faults }

// Unwrap lets errors.As find the faults.
func (o overdue) Unwrap() error { return o.Faults }

func isOverdue(err error) bool {
	_, ok := errors.AsType[overdue](err)
	return ok
}

// FaultsOf returns the faults of an error. An error that is not [Faults]
// becomes a single fault; nil has none.
func FaultsOf(err error) Faults {
	if err == nil {
		return nil
	}
	if faults, ok := errors.AsType[Faults](err); ok {
		return faults
	}
	return Faults{{Message: err.Error()}}
}

// unknownSet matches what the compiler says of a set of terms that does not
// exist.
var unknownSet = regexp.MustCompile(`^undefined ref: .*\.terms\.(\w+)\b`)

func noSet(name string) string { return fmt.Sprintf("data.%s has no set %q", termsRoot, name) }

// regoFaults translates the errors of OPA's parser and compiler.
func regoFaults(err error) Faults {
	list, ok := errors.AsType[ast.Errors](err)
	if single, one := errors.AsType[*ast.Error](err); one {
		list = ast.Errors{single}
	} else if !ok {
		return Faults{{Message: err.Error()}}
	}
	faults := make(Faults, 0, len(list))
	for _, e := range list {
		fault := Fault{Message: e.Code + ": " + e.Message}
		if set := unknownSet.FindStringSubmatch(e.Message); set != nil {
			fault.Message = noSet(set[1])
		}
		if e.Location != nil {
			fault.File, fault.Line = e.Location.File, e.Location.Row
		}
		if !slices.Contains(faults, fault) {
			faults = append(faults, fault)
		}
	}
	return faults
}
