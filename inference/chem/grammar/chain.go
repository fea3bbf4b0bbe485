package grammar

import "slices"

// firstAtom is the atom that a chain begins with.
type firstAtom uint8

const (
	// plainCarbon is aliphatic and has a single bond to the atom before.
	plainCarbon firstAtom = iota
	// pairedCarbon is aromatic and shares a double bond with the atom before.
	pairedCarbon
)

// noPlace is not on the path.
const noPlace = -1

// ringList is a list of open rings.
type ringList struct {
	rings [MaxOpenRings]openRing
	n     int
}

// atoms counts the atoms of a chain that closes all rings. An aliphatic carbon
// has two valences for them, the last one three; an aromatic one that is not
// paired closes the ring of a place that lacks a double bond, and the last one
// a ring more.
func (c *chain) atoms(site int16, first firstAtom) int {
	rest := c.otherRings()
	closers := c.nClosers
	barred := [2]int16{site, noPlace} // what the atom is bonded to already
	for count := 1; ; count++ {
		middle, last, aromatic := int8(2), int8(3), false
		switch {
		case count == 1 && first == pairedCarbon:
			middle, last, aromatic = 1, 2, true
		case closers > 0 && c.closers[closers-1] != barred[0]:
			closers--
			barred[1] = c.closers[closers]
			middle, last, aromatic = 0, 1, true
		}
		if closers == 0 && rest.closableAtOnce(barred, last, aromatic) {
			return count
		}
		rest.close(barred, middle, aromatic)
		barred = [2]int16{noPlace, noPlace}
	}
}

// otherRings lists the open rings but one for each closer.
func (c *chain) otherRings() (rest ringList) {
	s := c.state
	var used uint8
	for _, r := range s.rings[:s.nRings] {
		closer := c.closerOf(r, used)
		if closer >= 0 {
			used |= 1 << closer
			continue
		}
		rest.rings[rest.n] = r
		rest.n++
	}
	return rest
}

// closerOf returns the unused closer that a ring needs, -1 if there is none. A
// bond with a symbol is not aromatic.
func (c *chain) closerOf(r openRing, used uint8) int {
	for i, at := range c.closers[:c.nClosers] {
		if at == r.place && r.symbol == 0 && used&(1<<i) == 0 {
			return i
		}
	}
	return -1
}

// closableAtOnce reports whether one atom with so much valence can close all
// rings.
func (l *ringList) closableAtOnce(barred [2]int16, valence int8, aromatic bool) bool {
	rest := *l
	rest.close(barred, valence, aromatic)
	return rest.n == 0
}

// close takes out what an atom with so much valence can close, at most one ring
// of each place.
func (l *ringList) close(barred [2]int16, valence int8, aromatic bool) {
	var kept, closed ringList
	for _, r := range l.rings[:l.n] {
		order := bondOrder(r.symbol)
		plain := r.symbol == 0 || r.symbol == '-'
		target := &kept
		if order <= valence && r.place != barred[0] && r.place != barred[1] &&
			(plain || !aromatic) && !among(closed.rings[:closed.n], r.place) {
			valence -= order
			target = &closed
		}
		target.rings[target.n] = r
		target.n++
	}
	*l = kept
}

func among(rings []openRing, at int16) bool {
	return slices.ContainsFunc(rings, func(r openRing) bool { return r.place == at })
}
