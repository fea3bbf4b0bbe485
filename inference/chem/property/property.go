package property

import (
	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/smarts"
)

// Properties are the estimates for one molecule.
type Properties struct {
	// LogP is the decadic logarithm of the partition coefficient between
	// octanol and water, as LogP returns it.
	LogP float64
	// MolarRefractivity is in cm³/mol.
	MolarRefractivity float64
	// TPSA is the topological polar surface area in Å².
	TPSA float64
	// HBondDonors and HBondAcceptors count atoms.
	HBondDonors, HBondAcceptors int
	// RotatableBonds counts bonds whose rotation makes another conformer.
	RotatableBonds int
	// SyntheticAccessibility is from 1 (easy to make) to 10.
	SyntheticAccessibility float64
	// BoilingKnown reports whether BoilingPoint and VapourPressure are known.
	BoilingKnown bool
	// BoilingPoint is in K at 101,325 Pa.
	BoilingPoint float64
	// VapourPressure is in Pa at 25 °C.
	VapourPressure float64
}

// Of returns all properties at once. It is faster than the single functions
// together.
func Of(m *chem.Molecule) Properties {
	target := smarts.NewTarget(m)
	sums := crippen(m, smarts.NewTargetWithHydrogens(m))
	p := Properties{
		LogP:                   sums.logP,
		MolarRefractivity:      sums.refractivity,
		TPSA:                   TPSA(m),
		HBondDonors:            countAtoms(m, target, donor),
		HBondAcceptors:         countAtoms(m, target, acceptor),
		RotatableBonds:         countRotatable(target),
		SyntheticAccessibility: SyntheticAccessibility(m),
	}
	p.BoilingPoint, p.BoilingKnown = boilingPoint(m, target)
	if p.BoilingKnown {
		p.VapourPressure = vapourPressure(m, target, p.BoilingPoint)
	}
	return p
}
