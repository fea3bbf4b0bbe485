package chem

import "slices"

// assignDirections chooses the single bonds that carry '/' and '\' so that they
// say the geometry of every double bond and of no other. The first direction in
// the text is '/'.
func (p *spanningTree) assignDirections() {
	doubles := p.stereoDoubles()
	if len(doubles) == 0 {
		return
	}
	d := &directions{spanningTree: p, value: map[int]bool{}, conflict: map[int]bool{}}
	for _, b := range doubles {
		d.assign(b)
	}
	for _, b := range doubles {
		for _, atom := range d.endsInOrder(b) {
			d.chooseCarrier(atom, b)
		}
	}
	d.withdrawUnintended()
}

// stereoDoubles lists the double bonds with a geometry in order of writing.
func (p *spanningTree) stereoDoubles() []int {
	var doubles []int
	for _, atom := range p.order {
		for _, b := range p.mol.adjacent[atom] {
			if p.mol.bonds[b].Geometry != NoGeometry && p.endsInOrder(b)[0] == atom {
				doubles = append(doubles, b)
			}
		}
	}
	return doubles
}

// endsInOrder returns a bond's atoms as they are written.
func (p *spanningTree) endsInOrder(bond int) [2]int {
	b := p.mol.bonds[bond]
	if p.place[b.Begin] < p.place[b.End] {
		return [2]int{b.Begin, b.End}
	}
	return [2]int{b.End, b.Begin}
}

// directions works out what each single bond beside a double bond with a
// geometry would say if it were written with a direction.
type directions struct {
	*spanningTree
	// value is true for '/', by single bond.
	value map[int]bool
	// conflict lists the single bonds that two double bonds want written in two
	// ways: around some rings the directions do not come out even. They stay
	// unwritten.
	conflict map[int]bool
}

// assign gives the single bonds at a double bond their values, and those of all
// double bonds that share a single bond with it. A double bond that no value
// reaches yet is free: its first substituent gets '/'.
func (d *directions) assign(double int) {
	ends := d.endsInOrder(double)
	if !d.isKnown(ends[0], double) && !d.isKnown(ends[1], double) {
		d.value[d.substituents(ends[0], double)[0]] = true
	}
	for queue := []int{double}; len(queue) > 0; queue = queue[1:] {
		b := queue[0]
		ends := d.endsInOrder(b)
		if !d.isKnown(ends[0], b) {
			ends[0], ends[1] = ends[1], ends[0]
		}
		up := d.refIsAbove(ends[0], b)
		before := len(d.value)
		d.propagate(ends[0], b, up)
		d.propagate(ends[1], b, up == (d.mol.bonds[b].Geometry == Cis))
		if len(d.value) > before {
			queue = append(queue, d.doublesBeside(b)...)
		}
	}
}

// substituents lists an end's single bonds in order of writing.
func (d *directions) substituents(atom, double int) []int {
	var bonds []int
	for _, b := range d.mol.adjacent[atom] {
		if b != double {
			bonds = append(bonds, b)
		}
	}
	slices.SortFunc(bonds, func(a, b int) int {
		return d.place[d.mol.bonds[a].Other(atom)] - d.place[d.mol.bonds[b].Other(atom)]
	})
	return bonds
}

func (d *directions) isKnown(atom, double int) bool {
	return slices.ContainsFunc(d.substituents(atom, double), func(b int) bool {
		_, ok := d.value[b]
		return ok
	})
}

// isAbove reports whether a bond with this value puts its other atom above this
// one.
func (d *directions) isAbove(atom, bond int, value bool) bool {
	return value == (d.endsInOrder(bond)[0] == atom)
}

func (d *directions) refOf(atom, double int) int {
	b := d.mol.bonds[double]
	if b.Begin == atom {
		return b.BeginRef
	}
	return b.EndRef
}

// refIsAbove reads off a known end where the reference substituent stands.
func (d *directions) refIsAbove(atom, double int) bool {
	for _, b := range d.substituents(atom, double) {
		if value, ok := d.value[b]; ok {
			return d.isAbove(atom, b, value) == (d.mol.bonds[b].Other(atom) == d.refOf(atom, double))
		}
	}
	return false
}

// propagate values both single bonds of an end from where its reference stands.
func (d *directions) propagate(atom, double int, refAbove bool) {
	for _, b := range d.substituents(atom, double) {
		above := refAbove == (d.mol.bonds[b].Other(atom) == d.refOf(atom, double))
		value := above == (d.endsInOrder(b)[0] == atom)
		if old, ok := d.value[b]; ok && old != value {
			d.conflict[b] = true
			continue
		}
		d.value[b] = value
	}
}

// doublesBeside lists the other double bonds with a geometry one single bond
// away.
func (d *directions) doublesBeside(double int) []int {
	var found []int
	for _, atom := range d.endsInOrder(double) {
		for _, single := range d.substituents(atom, double) {
			for _, b := range d.mol.adjacent[d.mol.bonds[single].Other(atom)] {
				if b != single && d.mol.bonds[b].Geometry != NoGeometry {
					found = append(found, b)
				}
			}
		}
	}
	return found
}

// chooseCarrier makes sure that one single bond at an end is written with its
// direction: one that is already, or else one that no other double bond shares.
func (d *directions) chooseCarrier(atom, double int) {
	var carriers []int // in order of writing; the first of the cheapest is chosen
	for _, b := range d.substituents(atom, double) {
		if _, written := d.up[b]; written {
			return
		}
		if !d.conflict[b] {
			carriers = append(carriers, b)
		}
	}
	if len(carriers) == 0 {
		d.directHydrogen(atom, d.refIsAbove(atom, double))
		return
	}
	carrier := slices.MinFunc(carriers, func(a, b int) int {
		return d.carrierCost(atom, a) - d.carrierCost(atom, b)
	})
	d.up[carrier] = d.value[carrier]
}

// carrierCost says how unsuitable a single bond is for carrying a direction.
// One beside another double bond would say something of that one too, and one
// that is written as a ring number is hard to read.
func (d *directions) carrierCost(atom, bond int) int {
	other := d.mol.bonds[bond].Other(atom)
	grade := 0
	if d.besideDouble(other) {
		grade += 2
	}
	if d.parent[atom] != bond && d.parent[other] != bond {
		grade++
	}
	return grade
}

func (d *directions) besideDouble(atom int) bool {
	return slices.ContainsFunc(d.mol.adjacent[atom], func(b int) bool {
		return d.mol.bonds[b].Order == 2 && !d.mol.bonds[b].Aromatic
	})
}

// directHydrogen writes the only hydrogen of an end as an atom with a direction
// of its own, opposite to the substituent's. It reports whether there is one.
func (d *directions) directHydrogen(atom int, substituentAbove bool) bool {
	a := d.mol.atoms[atom]
	if a.Hydrogens != 1 || a.Chirality != Unspecified {
		return false
	}
	d.hydrogenUp[atom] = !substituentAbove
	return true
}

// withdrawUnintended looks for double bonds without a geometry that directions
// written for others would give one, and has a hydrogen carry those instead.
func (d *directions) withdrawUnintended() {
	for i, b := range d.mol.bonds {
		if b.Order != 2 || b.Aromatic || b.Geometry != NoGeometry || d.place[b.Begin] < 0 {
			continue
		}
		ends := d.endsInOrder(i)
		if d.directed(ends[0], i) && d.directed(ends[1], i) && !d.withdraw(ends[1], i) {
			d.withdraw(ends[0], i)
		}
	}
}

func (d *directions) directed(atom, double int) bool {
	return slices.ContainsFunc(d.mol.adjacent[atom], func(b int) bool {
		_, ok := d.up[b]
		return ok && b != double
	})
}

// withdraw takes the directions off an end's single bonds where the double
// bonds beyond can do with a hydrogen.
func (d *directions) withdraw(atom, double int) bool {
	for _, single := range d.substituents(atom, double) {
		if _, ok := d.up[single]; !ok {
			continue
		}
		far := d.mol.bonds[single].Other(atom)
		if !d.directHydrogen(far, d.isAbove(far, single, d.value[single])) {
			return false
		}
		delete(d.up, single)
	}
	return true
}
