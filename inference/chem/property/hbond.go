package property

import (
	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/smarts"
)

// The definitions of RDKit's CalcNumHBD, CalcNumHBA and CalcNumRotatableBonds
// (2022.09), pattern for pattern.
var (
	donor = smarts.MustCompile("[N&!H0&v3,N&!H0&+1&v4,O&H1&+0,S&H1&+0,n&H1&+0]")

	acceptor = smarts.MustCompile("[" +
		"$([O,S;H1;v2]-[!$(*=[O,N,P,S])])," + // alcohols and thiols, not acids
		"$([O,S;H0;v2])," +
		"$([O,S;-])," +
		"$([N;v3;!$(N-*=!@[O,N,P,S])])," + // amines, not amides
		"$([nH0,o,s;+0])]")

	rotatable = smarts.MustCompile("[" + turning + "&" +
		"!$([CD3](=[N,O,S])-!@[#7,O,S!D1])&" + // amides, esters and acids
		"!$([#7,O,S!D1]-!@[CD3]=[N,O,S])&" +
		"!$([CD3](=[N+])-!@[#7!D1])&" +
		"!$([#7!D1]-!@[CD3]=[N+])]" +
		"-,:;!@[" + turning + "]")
)

// turning matches an atom whose rotation makes another conformer: not an end,
// not in line with a triple bond, not the centre of three halogens or methyls.
const turning = "!$(*#*)&!D1&!$(C(F)(F)F)&!$(C(Cl)(Cl)Cl)&!$(C(Br)(Br)Br)&!$(C([CH3])([CH3])[CH3])"

// HBondDonors returns the number of atoms that can give a hydrogen to a
// hydrogen bond: nitrogens, oxygens and sulfurs that carry one. NH₂ is one
// donor.
func HBondDonors(m *chem.Molecule) int {
	return countAtoms(m, smarts.NewTarget(m), donor)
}

// HBondAcceptors returns the number of atoms that can accept a hydrogen bond
// with a lone pair: oxygens and sulfurs except in the hydroxyl of an acid, and
// nitrogens except those of amides and those with hydrogen in aromatic rings.
func HBondAcceptors(m *chem.Molecule) int {
	return countAtoms(m, smarts.NewTarget(m), acceptor)
}

// RotatableBonds returns the number of single bonds outside rings whose
// rotation makes another conformer (RDKit's strict definition). It does not
// count bonds to ends, beside triple bonds, of amides and esters, and to groups
// such as tert-butyl or CF₃. It counts at most smarts.MaxMatches.
func RotatableBonds(m *chem.Molecule) int {
	return countRotatable(smarts.NewTarget(m))
}

func countAtoms(m *chem.Molecule, target *smarts.Target, pattern *smarts.Pattern) int {
	n := 0
	for i := range m.NumAtoms() {
		if target.MatchesAt(pattern, i) {
			n++
		}
	}
	return n
}

func countRotatable(target *smarts.Target) int {
	return len(target.Find(rotatable, smarts.MaxMatches))
}
