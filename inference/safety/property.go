package safety

import (
	"fmt"

	"github.com/odordiff/odordiff/inference/chem"
)

// Limits of odorants. The first four are those of Ruddigkeit, Awale & Reymond
// (J. Cheminform. 2014, 6, 27), who found them to hold for most known odorants;
// weight is a bound on volatility that nearly all odorants keep to.
const (
	MaxHeavyAtoms  = 21
	MaxOxygenPlusS = 3
	MaxDonors      = 1
	MaxWeight      = 350 // g/mol
)

// Where the limits come from.
const (
	ruddigkeit = "Ruddigkeit, Awale & Reymond, J. Cheminform. 2014, 6, 27, doi 10.1186/1758-2946-6-27"
	own        = "docs/safety.md"
)

// properties returns a finding for each property out of the range of odorants.
func properties(m *chem.Molecule) []Finding {
	c := compositionOf(m)
	var findings []Finding
	add := func(applies bool, severity Severity, source, id, format string, args ...any) {
		if !applies {
			return
		}
		findings = append(findings, property(severity, source, id, fmt.Sprintf(format, args...)))
	}
	heavy, weight := m.HeavyAtoms(), m.Weight()
	add(heavy > MaxHeavyAtoms, Notice, ruddigkeit, "heavy-atoms", "%d heavy atoms; odorants have at most %d", heavy, MaxHeavyAtoms)
	add(c.oxygenAndSulfur > MaxOxygenPlusS, Notice, ruddigkeit, "oxygen-sulfur",
		"%d oxygen and sulfur atoms; odorants have at most %d", c.oxygenAndSulfur, MaxOxygenPlusS)
	add(c.donors > MaxDonors, Notice, ruddigkeit, "donors", "%d hydrogen-bond donors; odorants have at most %d", c.donors, MaxDonors)
	add(c.nitrogen > 0, Notice, ruddigkeit, "nitrogen", "contains nitrogen")
	add(c.halogen > 0, Caution, ruddigkeit, "halogen", "contains a halogen")
	add(c.foreign != 0, Warning, ruddigkeit, "element", "contains %s", c.foreign)
	add(c.wildcards > 0, Warning, own, "wildcard", "has atoms of unknown element")
	add(weight > MaxWeight, Caution, own, "weight", "weighs %.0f g/mol; odorants weigh at most %d", weight, MaxWeight)
	add(c.ion, Caution, own, "ion", "has a charge that is not balanced by a neighbour: an ion is not volatile")
	add(c.radical, Warning, own, "radical", "has an unpaired electron")
	add(m.Components() > 1, Caution, own, "components", "consists of %d molecules", m.Components())
	return findings
}

func property(severity Severity, source, id, title string) Finding {
	return Finding{ID: id, Category: "property", Severity: severity, Basis: Property, Title: title, Source: source}
}

// tooLarge is the finding about a molecule that is not screened.
func tooLarge(m *chem.Molecule) Finding {
	return property(Prohibitive, own, "not-screened",
		fmt.Sprintf("%d atoms are too many to be screened; the limit is %d", m.NumAtoms(), MaxScreenedAtoms))
}

// composition is what the limits of odorants ask of the atoms.
type composition struct {
	oxygenAndSulfur, nitrogen, halogen, wildcards int
	// donors are nitrogen and oxygen atoms with a hydrogen.
	donors int
	// foreign is an element other than H, C, N, O, S and the halogens, 0 for
	// none.
	foreign      chem.Element
	ion, radical bool
}

func compositionOf(m *chem.Molecule) composition {
	var c composition
	for i := range m.NumAtoms() {
		a := m.Atom(i)
		c.add(a.Element)
		if (a.Element == chem.Nitrogen || a.Element == chem.Oxygen) && m.HydrogensOn(i) > 0 {
			c.donors++
		}
		c.ion = c.ion || a.Charge != 0 && !balanced(m, i)
		c.radical = c.radical || m.RadicalElectrons(i) > 0
	}
	return c
}

func (c *composition) add(e chem.Element) {
	switch {
	case e == chem.Oxygen || e == chem.Sulfur:
		c.oxygenAndSulfur++
	case e == chem.Nitrogen:
		c.nitrogen++
	case isHalogen(e):
		c.halogen++
	case e == chem.Wildcard:
		c.wildcards++
	case e != chem.Hydrogen && e != chem.Carbon:
		c.foreign = e
	}
}

// balanced reports whether an atom's charge only belongs to the way a neutral
// group is written, such as nitro: a neighbour has one of the other sign.
func balanced(m *chem.Molecule, atom int) bool {
	charge := m.Atom(atom).Charge
	for k := range m.Degree(atom) {
		if other := m.Atom(m.NeighbourAt(atom, k)).Charge; other != 0 && (other > 0) != (charge > 0) {
			return true
		}
	}
	return false
}
