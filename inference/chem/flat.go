package chem

// WithoutStereo returns the molecule without the marks of its stereocentres and
// double bonds, the molecule itself where it has none.
func (m *Molecule) WithoutStereo() *Molecule {
	if !m.marked() {
		return m
	}
	all := make([]bool, len(m.atoms))
	for i := range all {
		all[i] = true
	}
	return m.extract(all)
}

// marked tells whether any stereo is specified.
func (m *Molecule) marked() bool {
	for _, a := range m.atoms {
		if a.Chirality != Unspecified {
			return true
		}
	}
	for _, b := range m.bonds {
		if b.Geometry != NoGeometry {
			return true
		}
	}
	return false
}
