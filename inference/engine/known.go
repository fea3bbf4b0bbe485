package engine

import (
	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/fingerprint"
)

// known says whether a sampled molecule is new, and which odorant of the
// library it resembles most.
func (d *Diffusion) known(m *chem.Molecule, own *fingerprint.Bits) *Known {
	nearest, found := d.index.set.Nearest(own)
	if !found {
		return &Known{Training: d.model.Known(m)}
	}
	odorant := d.index.odorants[nearest.Index]
	return &Known{
		Training: d.model.Known(m),
		Library:  d.index.flat[m.SMILES()],
		Nearest:  Neighbour{Structure: odorant.Structure, Name: odorant.Name, Similarity: nearest.Similarity},
	}
}
