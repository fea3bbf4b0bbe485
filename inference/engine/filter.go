package engine

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/property"
	"github.com/odordiff/odordiff/inference/chem/smarts"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/safety"
)

// Filter checks molecules against what a request demands of each: its
// constraints, its scaffold and its safety threshold. It is safe for concurrent
// use.
type Filter struct {
	constraints Constraints
	scaffold    *smarts.Pattern // nil for none
	like        []string        // to resemble, with and without stereo
	minSafety   float64
}

// NewFilter prepares the checks of a request. It returns an [*UnsuitableError]
// for a scaffold that cannot be searched for, and for a scaffold or a molecule
// to resemble that the safety screen refuses.
func NewFilter(request Request) (*Filter, error) {
	if err := screenGiven(request); err != nil {
		return nil, err
	}
	f := &Filter{constraints: request.Constraints, minSafety: safety.DefaultMinScore}
	if least := request.Constraints.MinSafety; least != nil {
		f.minSafety = *least
	}
	if request.Like != nil {
		f.like = []string{request.Like.SMILES(), request.Like.WithoutStereo().SMILES()}
	}
	if request.Scaffold == nil {
		return f, nil
	}
	pattern, err := substructure(request.Scaffold)
	if err != nil {
		return nil, &UnsuitableError{Field: "scaffold", Err: fmt.Errorf("reading it as a pattern: %w", err)}
	}
	f.scaffold = pattern
	return f, nil
}

// screenGiven refuses a hazard as the molecule to resemble or to contain: its
// nearest relatives are no answer either.
func screenGiven(request Request) error {
	if request.Like != nil {
		if f, ok := safety.Assess(request.Like).Hazard(); ok {
			return hazardous("like", f)
		}
	}
	if request.Scaffold != nil {
		if f, ok := safety.ScaffoldHazard(request.Scaffold); ok {
			return hazardous("scaffold", f)
		}
	}
	return nil
}

func hazardous(field string, f safety.Finding) error {
	return &UnsuitableError{Field: field, Err: fmt.Errorf("the safety screen refuses it: %s", f.Title)}
}

// bracketAtom is an atom of a SMILES in brackets: isotope, symbol, chirality,
// hydrogens, charge and class.
var bracketAtom = regexp.MustCompile(`\[(\d*)([A-Za-z][a-z]?|\*)@{0,2}(?:H\d*)?((?:[+-]\d*)?)(?::\d+)?\]`)

// substructure returns the pattern of the molecules that contain another. Its
// hydrogens are places for substituents, and its stereo is not looked at.
func substructure(m *chem.Molecule) (*smarts.Pattern, error) {
	return smarts.Compile(bracketAtom.ReplaceAllString(m.SMILES(), "[$1$2$3]"))
}

// Check checks and screens a molecule with the given profile, known or
// predicted. For a molecule that does not pass it returns the first reason that
// was found, with a Count of 1. A molecule that fails before the safety screen
// has no assessment.
func (f *Filter) Check(m *chem.Molecule, profile odor.Profile) (safety.Assessment, *Withheld) {
	if withheld := f.Keeps(m, profile); withheld != nil {
		return safety.Assessment{}, withheld
	}
	assessment := safety.Assess(m)
	return assessment, f.Passes(assessment)
}

// Keeps is the part of Check before the safety screen. It returns nil for a
// molecule that keeps to the constraints and the scaffold and is not itself the
// one to resemble.
func (f *Filter) Keeps(m *chem.Molecule, profile odor.Profile) *Withheld {
	if slices.Contains(f.like, m.SMILES()) {
		return &Withheld{Reason: Duplicate, Detail: "like", Count: 1}
	}
	if broken := f.broken(m, profile); broken != "" {
		return &Withheld{Reason: Constraint, Detail: broken, Count: 1}
	}
	return nil
}

// Passes is the rest of Check. It returns nil for an assessment that is good
// enough.
func (f *Filter) Passes(a safety.Assessment) *Withheld {
	switch {
	case a.Passes(f.minSafety):
		return nil
	case a.Prohibited():
		return &Withheld{Reason: Restricted, Detail: a.Findings[0].ID, Count: 1}
	}
	return &Withheld{Reason: Unsafe, Detail: a.Findings[0].ID, Count: 1}
}

// broken names the constraint that a molecule breaks, as the API calls it. It
// is empty where the molecule keeps to all.
func (f *Filter) broken(m *chem.Molecule, profile odor.Profile) string {
	c := f.constraints
	lacks := func(descriptor string) bool { return profile.Strength(descriptor) == 0 }
	has := func(descriptor string) bool { return !lacks(descriptor) }
	switch {
	case !c.Weight.Contains(m.Weight()):
		return "molecular_weight"
	case c.LogP.Bounded() && !c.LogP.Contains(property.LogP(m)):
		return "logp"
	case c.BoilingPoint.Bounded() && !boilsWithin(m, c.BoilingPoint):
		return "boiling_point"
	case slices.ContainsFunc(c.Must, lacks):
		return "must"
	case slices.ContainsFunc(c.MustNot, has):
		return "must_not"
	case f.scaffold != nil && (f.scaffold.NumAtoms() > m.NumAtoms() || !f.scaffold.Matches(m)):
		return "scaffold"
	}
	return ""
}

// boilsWithin reports whether a molecule is estimated to boil within a range. A
// molecule without an estimate is not.
func boilsWithin(m *chem.Molecule, celsius Range) bool {
	kelvin, ok := property.BoilingPoint(m)
	return ok && celsius.Contains(kelvin+property.AbsoluteZero)
}
