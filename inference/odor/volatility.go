package odor

import (
	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/property"
)

// By estimate, an odorant that boils no later than at topUntil is a top note,
// and one no later than at heartUntil a heart note, in degrees Celsius. The two
// were chosen to agree best, mean over the notes, with those that the library
// records: with 77 % of them.
const (
	topUntil   = 205
	heartUntil = 275
)

// NoteOf estimates an odorant's note from its boiling point. ok is false where
// that has no estimate.
func NoteOf(m *chem.Molecule) (note Note, ok bool) {
	kelvin, ok := property.BoilingPoint(m)
	switch {
	case !ok:
		return "", false
	case kelvin <= topUntil-property.AbsoluteZero:
		return Top, true
	case kelvin <= heartUntil-property.AbsoluteZero:
		return Heart, true
	}
	return Base, true
}

// BoilingPoints returns the range of estimated boiling points of a note, in
// degrees Celsius. A top note has no lower end and a base note no upper end:
// they are 0.
func BoilingPoints(note Note) (least, most float64) {
	switch note {
	case Top:
		return 0, topUntil
	case Heart:
		return topUntil, heartUntil
	}
	return heartUntil, 0
}
