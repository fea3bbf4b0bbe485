package chem

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// aliphaticBrackets are bracket atoms with a capital letter.
var aliphaticBrackets = regexp.MustCompile(`\[\d*[A-Z][^]]*\]`)

func TestKekuleFormReadsBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	for _, ref := range readReferences(t) {
		m := mustParse(t, ref.SMILES)
		text := m.KekuleSMILES()
		if strings.ContainsAny(aliphaticBrackets.ReplaceAllString(text, ""), "bcnops") {
			t.Errorf("%s: %s has aromatic atoms", ref.Name, text)
		}
		checkReadsBack(t, m, text)
		if other := mustParse(t, m.RandomSMILES(rng)).KekuleSMILES(); other != text {
			t.Errorf("%s has two Kekulé texts: %s and %s", ref.Name, text, other)
		}
	}
}
