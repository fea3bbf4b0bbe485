package chem

import "slices"

// maxStereoWork bounds, in atom visits, the testing of one component's marks
// against its symmetry; marks not tested by then stay.
const maxStereoWork = 1_000_000

// dropRedundantStereo takes away the stereo marks that distinguish nothing:
// those on aromatic atoms and bonds, and each whose inversion gives the same
// molecule again, as on CH(CH3)2. All marks are tested before any is dropped,
// so that the outcome does not depend on their order, and again until none is
// redundant.
func (m *Molecule) dropRedundantStereo() {
	for i := range m.atoms {
		if m.atoms[i].Aromatic {
			m.atoms[i].Chirality = Unspecified
		}
	}
	for i := range m.bonds {
		if m.bonds[i].Aromatic {
			m.bonds[i].Geometry = NoGeometry
		}
	}
	for _, members := range m.ComponentAtoms() {
		t := &stereoTest{mol: m, members: members}
		for t.dropRedundant() {
		}
	}
}

// stereoTest tests the marks of one component.
type stereoTest struct {
	mol     *Molecule
	members []int
	work    int
}

// dropRedundant drops the marks that are redundant now and reports whether
// there were any.
func (t *stereoTest) dropRedundant() bool {
	m := t.mol
	centres, doubles := m.doubtfulStereo(t.members)
	if len(centres)+len(doubles) == 0 {
		return false
	}
	certificate := t.certificate()
	centres = slices.DeleteFunc(centres, func(atom int) bool {
		return t.distinguishes(certificate, func() { m.atoms[atom].Chirality = m.atoms[atom].Chirality.flipped() })
	})
	doubles = slices.DeleteFunc(doubles, func(bond int) bool {
		return t.distinguishes(certificate, func() { m.bonds[bond].Geometry = m.bonds[bond].Geometry.flipped() })
	})
	for _, atom := range centres {
		m.atoms[atom].Chirality = Unspecified
	}
	for _, bond := range doubles {
		m.bonds[bond].Geometry = NoGeometry
	}
	return len(centres)+len(doubles) > 0
}

// distinguishes reports whether inverting one mark makes another molecule.
func (t *stereoTest) distinguishes(certificate []int, invert func()) bool {
	if t.work > maxStereoWork {
		return true
	}
	invert()
	defer invert()
	return !slices.Equal(certificate, t.certificate())
}

func (t *stereoTest) certificate() []int {
	r := newRanking(t.mol, t.members)
	_, certificate := r.run()
	t.work += r.work
	return certificate
}

// doubtfulStereo returns the marked centres and double bonds with substituents
// that refinement alone cannot tell apart; the others are meaningful.
func (m *Molecule) doubtfulStereo(members []int) (centres, doubles []int) {
	if !m.hasStereo(members) {
		return nil, nil
	}
	r := newRanking(m, members)
	classes := r.refine(r.initialClasses())
	for i, atom := range members {
		if m.atoms[atom].Chirality != Unspecified && r.parity(i, classes) == 0 {
			centres = append(centres, atom)
		}
		for _, b := range m.adjacent[atom] {
			if m.bonds[b].Begin == atom && m.bonds[b].Geometry != NoGeometry && !r.tellsEndsApart(m.bonds[b], classes) {
				doubles = append(doubles, b)
			}
		}
	}
	return centres, doubles
}

func (r *ranking) tellsEndsApart(b Bond, classes []int) bool {
	_, begin := r.isSenior(b.Begin, b.End, b.BeginRef, classes)
	_, end := r.isSenior(b.End, b.Begin, b.EndRef, classes)
	return begin && end
}

func (m *Molecule) hasStereo(members []int) bool {
	return slices.ContainsFunc(members, func(atom int) bool {
		return m.atoms[atom].Chirality != Unspecified ||
			slices.ContainsFunc(m.adjacent[atom], func(b int) bool { return m.bonds[b].Geometry != NoGeometry })
	})
}
