// Package depict draws molecules: it lays their atoms out in the plane and
// writes the drawing as SVG.
//
// The layout follows the usual plan of structure diagram generation (Helson,
// Rev. Comput. Chem. 1999, 13, 313; Clark, Labute & Santavy, J. Chem. Inf.
// Model. 2006, 46, 1107): ring systems are drawn first, as rigid units; chains
// zig-zag away from them; branches turn until nothing overlaps; and the whole
// is turned until it looks natural. Every length is in bond lengths.
//
// # How a drawing is made
//
//   - graph.go groups rings into ring systems. fused.go joins rings that share
//     one bond; bridged.go draws those that share more, template.go the ones
//     that chemists know by sight; macrocycle.go and turns.go shape large
//     rings; relax.go eases strained ones.
//   - place.go and arms.go put the ring systems and chains together, overlap.go
//     turns branches apart, orient.go turns the whole, pack.go sets components
//     side by side, and wedge.go chooses the bonds that leave the plane. The
//     result is a [Drawing].
//   - stroke.go and label.go make lines and texts of a drawing, picture.go
//     collects them, svg.go and svgwriter.go write them, and sheet.go many in a
//     grid.
//
// Inside the package a point of the plane is a complex number (plane.go).
package depict
