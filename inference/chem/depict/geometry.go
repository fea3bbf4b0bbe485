package depict

import "github.com/odordiff/odordiff/inference/chem"

// fixGeometry mirrors what hangs on double bonds that came out cis instead of
// trans or the other way round. Mirroring one side in a bond's own line changes
// no other bond's geometry. The anchor stays where it is.
func (p *placement) fixGeometry(part []int, anchor int) {
	for _, b := range p.bondsOf(part) {
		if !b.InRing && b.Geometry != chem.NoGeometry && drawnGeometry(b, p.pos) != b.Geometry {
			mirrorSide(p.pos, p.sideWithout(anchor, b), p.pos[b.Begin], p.pos[b.End])
		}
	}
}

// drawnGeometry tells how a double bond's references stand in a drawing.
func drawnGeometry(b chem.Bond, pos []complex128) chem.Geometry {
	axis := pos[b.End] - pos[b.Begin]
	begin, end := cross(axis, pos[b.BeginRef]-pos[b.Begin]), cross(axis, pos[b.EndRef]-pos[b.End])
	if (begin > 0) == (end > 0) {
		return chem.Cis
	}
	return chem.Trans
}

// mirrorSide reflects atoms in the line through two points.
func mirrorSide(pos []complex128, atoms []int, a, b complex128) {
	for _, atom := range atoms {
		pos[atom] = mirror(pos[atom], a, b)
	}
}
