package depict

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
)

func mustLayout(t testing.TB, m *chem.Molecule) *Drawing {
	t.Helper()
	d, err := Layout(m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// checkXML makes sure that a document is well-formed and has nothing in it that
// runs or loads.
func checkXML(t testing.TB, document []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(document))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in %s", err, document)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !slices.Contains([]string{"svg", "title", "desc", "rect", "g", "path", "text", "tspan"}, element.Name.Local) {
			t.Fatalf("element %s", element.Name.Local)
		}
		for _, a := range element.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || a.Name.Local == "style" || strings.Contains(a.Value, "NaN") {
				t.Fatalf("attribute %s=%q", a.Name.Local, a.Value)
			}
		}
	}
}

func TestSVGIsWellFormedAndInert(t *testing.T) {
	for name, d := range testDrawings(t) {
		out, err := d.SVG(Options{Title: name + `<script>alert("x")</script>&'`, Highlight: []int{0}})
		if err != nil {
			t.Fatal(err)
		}
		checkXML(t, out)
	}
}

// texts returns the text elements of a drawing as they read.
func texts(t testing.TB, smiles string) []string {
	t.Helper()
	out, err := SVG(chemtest.Parse(t, smiles), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Groups []struct {
			Texts []struct {
				Pieces []string `xml:"tspan"`
			} `xml:"text"`
		} `xml:"g"`
	}
	if err := xml.Unmarshal(out, &document); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, g := range document.Groups {
		for _, text := range g.Texts {
			found = append(found, strings.Join(text.Pieces, " "))
		}
	}
	slices.Sort(found)
	return found
}

func TestAtomsAreLabelled(t *testing.T) {
	for smiles, want := range map[string][]string{
		"CCC":               nil,
		"C":                 {"C H 4"},
		"O":                 {"O H 2"},
		"Cl":                {"Cl H"},
		"CCO":               {"O H"},
		"C=C=C":             {"C"},
		"CN":                {"N H 2"},
		"C[NH3+]":           {"N H 3 +"},
		"CC(=O)[O-]":        {"O", "O −"},
		"[Ca+2].[O-2]":      {"Ca 2+", "O 2−"},
		"[2H]OC":            {"H 2", "O"},
		"[13CH4]":           {"C 13 H 4"},
		"C[CH2]":            {"C H 2 •"},
		"[CH3:7]C":          {"C H 3 :7"},
		"c1cc[nH]c1":        {"N H"},
		"*C":                {"*"},
		"[C@](F)(Cl)(Br)I":  {"Br", "Cl", "F", "I"},
		"C[C@H]1CC[C@@H]1C": nil,
	} {
		if got := texts(t, smiles); !slices.Equal(got, want) {
			t.Errorf("%s: labels %q, want %q", smiles, got, want)
		}
	}
}

func TestHydrogensStandOnTheFreeSide(t *testing.T) {
	// Two OH groups point away from each other along one line.
	m := chemtest.Parse(t, "OCCCO")
	d := mustLayout(t, m)
	left, right := 0, 0
	for i := range d.Points {
		if m.Atom(i).Element != chem.Oxygen {
			continue
		}
		neighbour := m.Neighbours(i)[0]
		switch side := d.hydrogenSide(i); {
		case side == leftSide && d.Points[i].X < d.Points[neighbour].X:
			left++
		case side == rightSide && d.Points[i].X > d.Points[neighbour].X:
			right++
		}
	}
	if left != 1 || right != 1 {
		t.Errorf("%d HO on the left and %d OH on the right, want one of each", left, right)
	}
}

func TestOptionsHaveBounds(t *testing.T) {
	m := chemtest.Parse(t, "CCO")
	for name, o := range map[string]Options{
		"short bonds":      {BondLength: 1},
		"long bonds":       {BondLength: 1e9},
		"no number":        {BondLength: math.NaN()},
		"narrow":           {Width: 3},
		"wide":             {Width: 1e6},
		"infinitely high":  {Height: math.Inf(1)},
		"negative height":  {Height: -100},
		"no such atom":     {Highlight: []int{3}},
		"a negative index": {Highlight: []int{-1}},
	} {
		if _, err := SVG(m, o); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: error %v, want one of the options", name, err)
		}
	}
}

func TestPicturesFitTheSizeAskedFor(t *testing.T) {
	for _, size := range [][2]float64{{16, 16}, {300, 200}, {4096, 100}} {
		out, err := SVG(chemtest.Parse(t, strings.Repeat("C", 60)+"O"), Options{Width: size[0], Height: size[1]})
		if err != nil {
			t.Fatal(err)
		}
		var document struct {
			Width  float64 `xml:"width,attr"`
			Height float64 `xml:"height,attr"`
		}
		if err := xml.Unmarshal(out, &document); err != nil {
			t.Fatal(err)
		}
		if document.Width != size[0] || document.Height != size[1] {
			t.Errorf("%v by %v pixels, want %v", document.Width, document.Height, size)
		}
	}
}

func TestNothingIsNotDrawn(t *testing.T) {
	if _, err := Layout(nil); !errors.Is(err, ErrEmpty) {
		t.Errorf("error %v, want ErrEmpty", err)
	}
	if _, err := Sheet(nil, 3); !errors.Is(err, ErrEmpty) {
		t.Errorf("error %v, want ErrEmpty", err)
	}
}

func TestHighlightsMarkAtomsOfTheCallersWriting(t *testing.T) {
	// The oxygen is atom 0 of one writing and atom 2 of the other.
	first, err := SVG(chemtest.Parse(t, "OCC"), Options{Highlight: []int{0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	second, err := SVG(chemtest.Parse(t, "CCO"), Options{Highlight: []int{2, 1}})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := SVG(chemtest.Parse(t, "CCO"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two writings of one molecule are marked differently")
	}
	if bytes.Equal(first, plain) {
		t.Error("nothing is marked")
	}
}

func TestColoursStandOutOnWhite(t *testing.T) {
	for element, colour := range elementColours {
		if contrast := contrastOnWhite(t, colour); contrast < 4.5 {
			t.Errorf("%s: contrast %.2f, want 4.5", element, contrast)
		}
	}
}

// contrastOnWhite is the contrast ratio of WCAG 2.2.
func contrastOnWhite(t testing.TB, colour string) float64 {
	t.Helper()
	var c [3]int
	if _, err := fmt.Sscanf(colour, "#%02x%02x%02x", &c[0], &c[1], &c[2]); err != nil {
		t.Fatal(err)
	}
	weights := [3]float64{0.2126, 0.7152, 0.0722}
	luminance := 0.0
	for i, v := range c {
		s := float64(v) / 255
		if s <= 0.04045 {
			luminance += weights[i] * s / 12.92
		} else {
			luminance += weights[i] * math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return 1.05 / (luminance + 0.05)
}

func TestMonochromeHasOneInk(t *testing.T) {
	out, err := SVG(chemtest.Parse(t, "OCCN"), Options{Monochrome: true, Transparent: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, colour := range elementColours {
		if bytes.Contains(out, []byte(colour)) {
			t.Errorf("%s in %s", colour, out)
		}
	}
	if bytes.Contains(out, []byte("#ffffff")) {
		t.Error("a transparent picture has a ground")
	}
}

func TestSheetCaptionsEveryCell(t *testing.T) {
	entries := []Entry{
		{Molecule: chemtest.Parse(t, "CCO"), Caption: "ethanol & <water>"},
		{Molecule: chemtest.Parse(t, "c1ccccc1"), Caption: "first line\n" + strings.Repeat("long ", 100), Highlight: []int{0}},
		{Molecule: chemtest.Parse(t, "O")},
	}
	out, err := Sheet(entries, 2)
	if err != nil {
		t.Fatal(err)
	}
	checkXML(t, out)
	for _, want := range []string{">ethanol &amp; &lt;water&gt;</text>", ">first line</text>", "…</text>"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("%s is missing", want)
		}
	}
	for name, columns := range map[string]int{"none": 0, "too many": MaxColumns + 1} {
		if _, err := Sheet(entries, columns); !errors.Is(err, ErrOptions) {
			t.Errorf("%s columns: error %v, want one of the options", name, err)
		}
	}
	if _, err := Sheet(make([]Entry, MaxEntries+1), 2); !errors.Is(err, ErrOptions) {
		t.Errorf("error %v, want one of the options", err)
	}
	if _, err := Sheet([]Entry{{}}, 1); !errors.Is(err, ErrEmpty) {
		t.Errorf("error %v, want ErrEmpty", err)
	}
}
