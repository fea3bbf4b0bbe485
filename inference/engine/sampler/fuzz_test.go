package sampler

import (
	"errors"
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/engine"
)

// FuzzGivenMolecules gives the diffusion engine any molecule as a scaffold and
// as one to resemble: it answers or says that it cannot, soon.
func FuzzGivenMolecules(f *testing.F) {
	for _, smiles := range []string{
		"C", "O=C=O", "c1ccccc1", "CC(=O)OCC", "C[C@H](O)CC", "C1(C1CC1)CCCCC1", "[O-][N+](=O)c1ccccc1", "[nH]1cccc1",
		"CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC", "C.C", "[2H]C", "ClCBr", "C12C3C4C1C5C2C3C45", "[CH3]", "*", "S(=O)(=O)(C)C",
	} {
		f.Add(smiles)
	}
	e := newEngine(f)
	f.Fuzz(func(t *testing.T, smiles string) {
		if len(smiles) > 200 {
			return // the API's bound
		}
		m, err := chem.Parse(smiles)
		if err != nil {
			return
		}
		for name, request := range map[string]engine.Request{"scaffold": {Scaffold: m}, "like": {Like: m}} {
			request.Count, request.Seed, request.Sampling.Steps = 2, new(int64(1)), new(2)
			_, err := e.Generate(t.Context(), request)
			if _, unsuitable := errors.AsType[*engine.UnsuitableError](err); err != nil && !unsuitable {
				t.Errorf("%q as %s: %v", smiles, name, err)
			}
		}
	})
}
