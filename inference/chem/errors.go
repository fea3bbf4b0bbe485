package chem

import "fmt"

// SyntaxError says where a text stops being a SMILES.
type SyntaxError struct {
	// Pos is the 0-based byte offset of the fault.
	Pos int
	// Msg says what is wrong there.
	Msg string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("SMILES at byte %d: %s", e.Pos, e.Msg)
}

func syntaxErrorf(pos int, format string, args ...any) error {
	return &SyntaxError{Pos: pos, Msg: fmt.Sprintf(format, args...)}
}

// ValenceError says that an atom has more bonds than it can have, or that no
// arrangement of double bonds suits the aromatic atoms around it.
type ValenceError struct {
	// Atom is the 0-based index of the atom in the order of writing.
	Atom int
	// Element is the kind of that atom.
	Element Element
	// Pos is the 0-based byte offset at which the atom is written.
	Pos int
	// Msg says what is wrong with it.
	Msg string
}

func (e *ValenceError) Error() string {
	return fmt.Sprintf("SMILES at byte %d: atom %d (%s): %s", e.Pos, e.Atom, e.Element, e.Msg)
}
