package api

import (
	"errors"
	"fmt"

	"github.com/odordiff/odordiff/inference/chem"
)

// Limits on the molecules of a request.
const (
	// maxSMILES is the longest SMILES, in bytes.
	maxSMILES = 200
	// maxHeavyAtoms is the largest number of atoms other than hydrogen.
	maxHeavyAtoms = 50
)

// readMolecule reads the SMILES of a field. It returns what is wrong with it,
// if anything is.
func readMolecule(field, smiles string) (*chem.Molecule, *fieldError) {
	if n := len(smiles); n < 1 || n > maxSMILES {
		return nil, &fieldError{Field: field, Message: fmt.Sprintf("must be a SMILES of 1 to %d bytes, has %d", maxSMILES, n)}
	}
	m, err := chem.Parse(smiles)
	if err != nil {
		return nil, badSMILES(field, err)
	}
	if n := m.HeavyAtoms(); n < 1 || n > maxHeavyAtoms {
		return nil, &fieldError{Field: field, Message: fmt.Sprintf("must have 1 to %d atoms other than hydrogen, has %d", maxHeavyAtoms, n)}
	}
	return m, nil
}

// badSMILES says what is wrong with a SMILES, and at which byte where that is
// known.
func badSMILES(field string, err error) *fieldError {
	if syntax, ok := errors.AsType[*chem.SyntaxError](err); ok {
		return &fieldError{Field: field, Message: "is not a SMILES: " + syntax.Msg, Position: &syntax.Pos}
	}
	if valence, ok := errors.AsType[*chem.ValenceError](err); ok {
		message := fmt.Sprintf("is no possible molecule: atom %d (%s): %s", valence.Atom, valence.Element, valence.Msg)
		return &fieldError{Field: field, Message: message, Position: &valence.Pos}
	}
	return &fieldError{Field: field, Message: "is not a SMILES: " + err.Error()}
}

// wholeMolecule takes a molecule that is one piece, nil where it is absent or
// wrong.
func (o *object) wholeMolecule(name string) *chem.Molecule {
	m := o.molecule(name)
	if m != nil && m.Components() > 1 {
		o.fail(name, "must be one molecule, not %d", m.Components())
		return nil
	}
	return m
}

// molecule takes a SMILES, nil where it is absent or wrong.
func (o *object) molecule(name string) *chem.Molecule {
	value, ok := o.take(name)
	if !ok {
		return nil
	}
	text, ok := stringOf(value)
	if !ok {
		o.fail(name, "must be a string")
		return nil
	}
	m, wrong := readMolecule(o.pointer(name), text)
	if wrong != nil {
		o.add(*wrong)
	}
	return m
}
