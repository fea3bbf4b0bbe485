package safety

import "github.com/odordiff/odordiff/inference/chem"

// isHazard reports whether a finding prohibits a molecule for what it does to
// people: a weapon, an explosive, a poison, a controlled substance or its
// precursor. A molecule that is only kept out of cosmetics is no hazard.
func (f Finding) isHazard() bool { return f.Severity == Prohibitive && f.Category != "cosmetics" }

// isPursued reports whether a finding is of a kind whose relatives are wanted
// for the same ends.
func (f Finding) isPursued() bool {
	switch f.Category {
	case "chemical-weapon", "explosive", "controlled-substance", "drug-precursor":
		return f.isHazard()
	}
	return false
}

// Hazard returns the finding for which nobody may ask for molecules that
// resemble the assessed one; ok is false where there is none. A material that
// is only banned from cosmetics is no hazard: replacing it is what the service
// is for.
func (a Assessment) Hazard() (f Finding, ok bool) { return a.first(Finding.isHazard) }

func (a Assessment) first(is func(Finding) bool) (f Finding, ok bool) {
	for _, f := range a.Findings {
		if is(f) {
			return f, true
		}
	}
	return Finding{}, false
}

// leastSubstance is the number of atoms other than hydrogen from which a
// scaffold is a substance rather than a group: C#N asks for nitriles, not for
// hydrogen cyanide.
const leastSubstance = 3

// ScaffoldHazard returns the finding for which nobody may ask for molecules
// that contain the given one; ok is false where there is none. It is a finding
// about the molecule itself where it is a weapon, an explosive, a controlled
// substance or a precursor, and one about its completions where all are
// hazards. Completions are the molecules with a methyl group in place of one
// hydrogen, or the molecule itself where it has no hydrogen.
func ScaffoldHazard(m *chem.Molecule) (f Finding, ok bool) {
	own := Assess(m)
	if f, ok := own.first(Finding.isPursued); ok && m.HeavyAtoms() >= leastSubstance {
		return f, true
	}
	f, ok = own.Hazard()
	for atom := range min(m.NumAtoms(), MaxScreenedAtoms) {
		if m.Atom(atom).Hydrogens == 0 {
			continue
		}
		if f, ok = Assess(m.Methylated(atom)).Hazard(); !ok {
			return Finding{}, false
		}
	}
	return f, ok
}
