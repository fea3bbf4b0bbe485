package api

import (
	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/property"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
)

// A molecule of an answer. A figure that is not known is absent.
type (
	molecule struct {
		ID         string        `json:"id"`
		SMILES     string        `json:"smiles"`
		Name       string        `json:"name,omitempty"`
		Profile    odorProfile   `json:"odor_profile"`
		Properties properties    `json:"properties"`
		Scores     scores        `json:"scores"`
		Source     engine.Source `json:"source"`
		Safety     assessment    `json:"safety"`
		Known      *known        `json:"known,omitempty"`
	}
	odorProfile struct {
		Descriptors []weighted `json:"descriptors"`
		Note        odor.Note  `json:"note,omitempty"`
	}
	properties struct {
		Formula          string  `json:"formula"`
		MolecularWeight  float64 `json:"molecular_weight"`
		MonoisotopicMass float64 `json:"monoisotopic_mass"`
		HeavyAtoms       int     `json:"heavy_atoms"`
		Rings            int     `json:"rings"`
		HBondDonors      int     `json:"hbond_donors"`
		HBondAcceptors   int     `json:"hbond_acceptors"`
		RotatableBonds   int     `json:"rotatable_bonds"`
		LogP             float64 `json:"logp"`
		TPSA             float64 `json:"tpsa"`
		// SyntheticAccessibility is from 1, easy to make, to 10.
		SyntheticAccessibility float64 `json:"synthetic_accessibility"`
		// BoilingPoint is in degrees Celsius, VapourPressure in pascal at 25 of
		// them.
		BoilingPoint   *float64 `json:"boiling_point,omitempty"`
		VapourPressure *float64 `json:"vapour_pressure,omitempty"`
	}
	scores struct {
		Overall   float64  `json:"overall"`
		Relevance float64  `json:"relevance"`
		Avoidance float64  `json:"avoidance"`
		Likeness  *float64 `json:"likeness,omitempty"`
		// Accessibility is absent for a known odorant.
		Accessibility *float64 `json:"accessibility,omitempty"`
	}
	known struct {
		// Training is absent for the library, which is not trained.
		Training *bool     `json:"training,omitempty"`
		Library  bool      `json:"library"`
		Nearest  neighbour `json:"nearest"`
	}
	neighbour struct {
		SMILES     string  `json:"smiles"`
		Name       string  `json:"name,omitempty"`
		Similarity float64 `json:"similarity"`
	}
)

func newMolecule(m engine.Molecule) molecule {
	smiles := m.Structure.SMILES()
	return molecule{
		ID:         moleculeID(smiles),
		SMILES:     smiles,
		Name:       m.Name,
		Profile:    odorProfile{newWeighted(m.Profile), m.Note},
		Properties: newProperties(m.Structure),
		Scores:     newScores(m.Scores),
		Source:     m.Source,
		Safety:     newAssessment(m.Structure, m.Safety),
		Known:      newKnown(m),
	}
}

func newScores(s engine.Scores) scores {
	return scores{
		Overall:       round(s.Overall(), 4),
		Relevance:     round(s.Relevance, 4),
		Avoidance:     round(s.Avoidance, 4),
		Likeness:      positive(s.Likeness),
		Accessibility: positive(s.Accessibility),
	}
}

// positive rounds a score that applies and is more than 0. Any other is absent.
func positive(score *float64) *float64 {
	if score == nil || *score == 0 {
		return nil
	}
	return new(round(*score, 4))
}

func newKnown(m engine.Molecule) *known {
	if m.Known == nil {
		return nil
	}
	out := &known{Library: m.Known.Library, Nearest: newNeighbour(m.Known.Nearest)}
	if m.Source != engine.FromLibrary {
		out.Training = &m.Known.Training
	}
	return out
}

func newNeighbour(n engine.Neighbour) neighbour {
	return neighbour{n.Structure.SMILES(), n.Name, round(n.Similarity, 4)}
}

func newProperties(m *chem.Molecule) properties {
	p := property.Of(m)
	out := properties{
		Formula:                m.Formula(),
		MolecularWeight:        round(m.Weight(), 3),
		MonoisotopicMass:       round(m.MonoisotopicMass(), 5),
		HeavyAtoms:             m.HeavyAtoms(),
		Rings:                  m.Rings(),
		HBondDonors:            p.HBondDonors,
		HBondAcceptors:         p.HBondAcceptors,
		RotatableBonds:         p.RotatableBonds,
		LogP:                   round(p.LogP, 2),
		TPSA:                   round(p.TPSA, 2),
		SyntheticAccessibility: round(p.SyntheticAccessibility, 2),
	}
	if p.BoilingKnown {
		boiling, pressure := round(p.BoilingPoint+property.AbsoluteZero, 0), significant(p.VapourPressure, 2)
		out.BoilingPoint, out.VapourPressure = &boiling, &pressure
	}
	return out
}
