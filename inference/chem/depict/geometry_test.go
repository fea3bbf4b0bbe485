package depict

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
)

// odorants are well-known odor molecules with rings, stereo and chains of all
// kinds.
var odorants = map[string]string{
	"vanillin":             "COc1cc(C=O)ccc1O",
	"limonene":             "CC1=CC[C@@H](CC1)C(C)=C",
	"linalool":             "CC(C)=CCC[C@](C)(O)C=C",
	"geraniol":             "CC(C)=CCC/C(C)=C/CO",
	"nerol":                "CC(C)=CCC/C(C)=C\\CO",
	"menthol":              "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O",
	"camphor":              "CC1(C)[C@@H]2CC[C@@]1(C)C(=O)C2",
	"isobornyl acetate":    "CC(=O)OC1CC2CCC1(C)C2(C)C",
	"fenchone":             "CC1(C)C2CCC(C)(C2)C1=O",
	"alpha-pinene":         "CC1=CC[C@H]2C[C@@H]1C2(C)C",
	"beta-pinene":          "C=C1CC[C@H]2C[C@@H]1C2(C)C",
	"eucalyptol":           "CC1(C)OC2(C)CCC1CC2",
	"caryophyllene":        "C/C1=C\\CCC(=C)[C@H]2CC(C)(C)[C@@H]2CC1",
	"humulene":             "C/C1=C\\CC(C)(C)/C=C/C/C(C)=C/CC1",
	"germacrene D":         "C=C1CC/C=C(C)/CC[C@H](C(C)C)/C=C1",
	"cedrol":               "C[C@@H]1CC[C@@H]2[C@]13CC[C@@]([C@H](C3)C2(C)C)(C)O",
	"patchoulol":           "C[C@H]1CC[C@@]2(C(C)(C)[C@H]3CC[C@]2([C@H]1C3)C)O",
	"longifolene":          "C=C1[C@H]2CC[C@H]3[C@@H]2C(C)(C)CCC[C@@]13C",
	"alpha-santalol":       "CC(=CCCC1(C)C2CC3C(C2)C31C)CO",
	"muscone":              "C[C@@H]1CCCCCCCCCCCCC(=O)C1",
	"exaltolide":           "O=C1CCCCCCCCCCCCCCO1",
	"ambrettolide":         "O=C1CCCCCCC/C=C\\CCCCCCO1",
	"civetone":             "O=C1CCCCCCC/C=C\\CCCCCCC1",
	"galaxolide":           "CC1COCc2cc3c(cc12)C(C)(C)C(C)C3(C)C",
	"ambroxide":            "C[C@]12CCCC(C)(C)[C@@H]1CC[C@@]1(C)OCC[C@@H]21",
	"beta-ionone":          "CC1=C(/C=C/C(C)=O)C(C)(C)CCC1",
	"hedione":              "CCCCCC1C(CC(=O)OC)CCC1=O",
	"cis-jasmone":          "CC/C=C\\CC1=C(C)CCC1=O",
	"coumarin":             "O=c1ccc2ccccc2o1",
	"skatole":              "Cc1c[nH]c2ccccc12",
	"musk ketone":          "CC(=O)c1c(C)c([N+](=O)[O-])c(C(C)(C)C)c([N+](=O)[O-])c1C",
	"thujone":              "CC(C)C12CC(=O)C(C)C1C2",
	"valencene":            "C[C@@H]1CCC=C2[C@]1(C[C@@H](CC2)C(=C)C)C",
	"beta-vetivone":        "CC1CC(=O)C=C(C)C12CCC(=C(C)C)C2",
	"rotundone":            "CC1CCC(CC2=C1C(=O)CC2C)C(C)=C",
	"alpha-bisabolol":      "CC1=CC[C@H](CC1)[C@](C)(CCC=C(C)C)O",
	"adamantanol":          "OC12CC3CC(C1)CC(C3)C2",
	"sucrose":              "OC[C@H]1O[C@@](CO)(O[C@H]2O[C@H](CO)[C@@H](O)[C@H](O)[C@H]2O)[C@@H](O)[C@@H]1O",
	"theaspirane":          "CC1CCC2(O1)C(C)=CCCC2(C)C",
	"androstenone":         "C[C@]12CC[C@H]3[C@H]([C@@H]1CC=C2)CC[C@@H]1[C@@]3(C)CCC(=O)C1",
	"trans-cyclooctene":    "C1CCC/C=C/CC1",
	"allyl isothiocyanate": "C=CCN=C=S",
	"triethyl citrate":     "CCOC(=O)CC(O)(CC(=O)OCC)C(=O)OCC",
	"muscopyridine":        "CC1CCCCCCCCc2cccc(n2)C1",
	"undecatriene":         "C=C/C=C/C=C\\CCCCC",
	"sulfoxide":            "C=CC[S@@](=O)C[C@H](N)C(=O)O",
}

// testDrawings returns the drawings of the odorants above and of package chem's
// references, by name. They are laid out once for all tests.
func testDrawings(t testing.TB) map[string]*Drawing {
	t.Helper()
	drawings, err := layOutAll()
	if err != nil {
		t.Fatal(err)
	}
	return drawings
}

var layOutAll = sync.OnceValues(func() (map[string]*Drawing, error) {
	data, err := os.ReadFile("../testdata/reference.json")
	if err != nil {
		return nil, err
	}
	var references []struct{ Name, SMILES string }
	if err := json.Unmarshal(data, &references); err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, r := range references {
		texts[r.Name] = r.SMILES
	}
	maps.Copy(texts, odorants)
	drawings := map[string]*Drawing{}
	for name, smiles := range texts {
		m, err := chem.Parse(smiles)
		if err != nil {
			return nil, err
		}
		if drawings[name], err = Layout(m); err != nil {
			return nil, err
		}
	}
	return drawings, nil
})

func TestAtomsKeepApart(t *testing.T) {
	for name, d := range testDrawings(t) {
		for i := range d.Points {
			for j := range i {
				if apart := distance(d.at(i), d.at(j)); apart < 0.4 {
					t.Errorf("%s: atoms %d and %d are %.2f bond lengths apart", name, j, i, apart)
				}
			}
		}
	}
}

func TestBondsHaveOneLength(t *testing.T) {
	for name, d := range testDrawings(t) {
		g := newGraph(d.mol)
		for _, b := range d.Bonds {
			if g.isBridgedBond(b.Begin, b.End) {
				continue
			}
			if length := distance(d.at(b.Begin), d.at(b.End)); math.Abs(length-1) > 0.15 {
				t.Errorf("%s: bond %d-%d has length %.2f", name, b.Begin, b.End, length)
			}
		}
	}
}

// isBridgedBond reports whether a bond's ring system has rings that share more
// than one bond, where lengths must give.
func (g *graph) isBridgedBond(a, b int) bool {
	for _, block := range g.blocks {
		if !slices.Contains(block.atoms, a) || !slices.Contains(block.atoms, b) {
			continue
		}
		for i, r := range block.rings {
			for _, s := range block.rings[:i] {
				if sharedAtoms(r, s) > 2 {
					return true
				}
			}
		}
	}
	return false
}

func TestSixRingsAreRegular(t *testing.T) {
	for _, smiles := range []string{"c1ccccc1", "CC1CCCCC1", "c1ccc2cc3ccccc3cc2c1", "c1cc2ccc3cccc4ccc(c1)c2c34", "C1CCC2(CC1)CCCCC2"} {
		m := chemtest.Parse(t, smiles)
		d := mustLayout(t, m)
		for _, ring := range m.SSSR() {
			for i, a := range ring {
				opposite := ring[(i+3)%6]
				if across := distance(d.at(a), d.at(opposite)); math.Abs(across-2) > 0.01 {
					t.Errorf("%s: opposite atoms are %.3f apart, want 2", smiles, across)
				}
			}
		}
	}
}

func TestDoubleBondsStandAsTheirGeometrySays(t *testing.T) {
	for name, d := range testDrawings(t) {
		checkGeometry(t, name, d)
	}
}

func checkGeometry(t testing.TB, name string, d *Drawing) {
	t.Helper()
	for i := range d.mol.NumBonds() {
		b := d.mol.Bond(i)
		if b.Geometry == chem.NoGeometry {
			continue
		}
		axis := d.at(b.End) - d.at(b.Begin)
		begin, end := cross(axis, d.at(b.BeginRef)-d.at(b.Begin)), cross(axis, d.at(b.EndRef)-d.at(b.End))
		if math.Abs(begin) < 0.1 || math.Abs(end) < 0.1 {
			t.Errorf("%s: the geometry of bond %d-%d cannot be seen", name, b.Begin, b.End)
		}
		if isCis := begin*end > 0; isCis != (b.Geometry == chem.Cis) {
			t.Errorf("%s: bond %d-%d is drawn with the wrong geometry", name, b.Begin, b.End)
		}
	}
}

func TestWedgesGiveTheHandednessBack(t *testing.T) {
	for name, d := range testDrawings(t) {
		checkHandedness(t, name, d)
	}
}

// checkHandedness reads each stereocentre off the drawing: wedges lift atoms
// out of the plane, and the volume of the four neighbours has a sign.
func checkHandedness(t testing.TB, name string, d *Drawing) {
	t.Helper()
	for atom := range d.Points {
		want := d.mol.Atom(atom).Chirality
		if want == chem.Unspecified {
			continue
		}
		corners, out := d.corners(atom)
		if !out {
			t.Errorf("%s: centre %d has no wedge", name, atom)
			continue
		}
		volume := signedVolume(corners)
		if math.Abs(volume) < 0.1 {
			t.Errorf("%s: the handedness of centre %d cannot be seen", name, atom)
		}
		got := chem.Clockwise
		if volume < 0 {
			got = chem.Counterclockwise
		}
		if got != want {
			t.Errorf("%s: centre %d is drawn with the wrong handedness", name, atom)
		}
	}
}

// corners returns the places in space of a centre's four neighbours, relative
// to it, the hidden one first, and whether any is out of the plane.
func (d *Drawing) corners(atom int) (corners [][3]float64, out bool) {
	height := map[Style]float64{Wedge: 1, Hash: -1}
	for _, n := range d.mol.Neighbours(atom) {
		v := unit(d.at(n) - d.at(atom))
		z := 0.0
		if b := d.Bonds[d.mol.BondBetween(atom, n)]; b.Begin == atom {
			z = height[b.Style]
		}
		out = out || z != 0
		corners = append(corners, [3]float64{real(v), imag(v), z})
	}
	if len(corners) == 4 {
		return corners, out
	}
	var hidden [3]float64
	for _, c := range corners {
		for i := range hidden {
			hidden[i] -= c[i]
		}
	}
	for _, h := range d.Hydrogens {
		if h.Atom == atom {
			v := complex(h.Point.X, h.Point.Y) - d.at(atom)
			hidden, out = [3]float64{real(v), imag(v), height[h.Style]}, true
		}
	}
	return append([][3]float64{hidden}, corners...), out
}

// signedVolume is negative if the last three corners turn counterclockwise seen
// from the first.
func signedVolume(c [][3]float64) float64 {
	var v [3][3]float64
	for i := range v {
		for k := range 3 {
			v[i][k] = c[i+1][k] - c[0][k]
		}
	}
	return v[0][0]*(v[1][1]*v[2][2]-v[1][2]*v[2][1]) -
		v[0][1]*(v[1][0]*v[2][2]-v[1][2]*v[2][0]) +
		v[0][2]*(v[1][0]*v[2][1]-v[1][1]*v[2][0])
}

func TestTheDrawingDoesNotDependOnTheWriting(t *testing.T) {
	names := slices.Sorted(maps.Keys(odorants))
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom(names).Draw(rt, "name")
		m := chemtest.Parse(t, odorants[name])
		seed := rapid.Uint64().Draw(rt, "seed")
		text := m.RandomSMILES(rand.New(rand.NewPCG(seed, 1)))
		first, err := SVG(m, Options{})
		if err != nil {
			rt.Fatal(err)
		}
		other := chemtest.Parse(t, text)
		second, err := SVG(other, Options{})
		if err != nil {
			rt.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			rt.Fatalf("%s written as %s is drawn differently", name, text)
		}
		d := mustLayout(t, other)
		checkHandedness(t, text, d)
		checkGeometry(t, text, d)
	})
}
