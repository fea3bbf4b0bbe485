package api

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/chem/smarts"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/safety"
	"github.com/odordiff/odordiff/internal/problem"
)

func postTo(h http.Handler, path, body string) *httptest.ResponseRecorder {
	return send(h, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
}

func get(h http.Handler, path string, query url.Values, header ...string) *httptest.ResponseRecorder {
	return send(h, httptest.NewRequest(http.MethodGet, path+"?"+query.Encode(), nil), header...)
}

func moleculesOf(t *testing.T, rec *httptest.ResponseRecorder) []fields {
	t.Helper()
	if rec.Code != http.StatusOK {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	var all []fields
	for _, m := range decode(t, rec)["molecules"].([]any) {
		all = append(all, m.(fields))
	}
	return all
}

func TestMoleculesKeepToTheConstraints(t *testing.T) {
	rec := post(newAPI(t, nil), `{"prompt": "rose and citrus", "num_molecules": 50, "constraints":
		{"molecular_weight": {"max": 170}, "logp": {"min": 2}, "boiling_point": {"min": 180, "max": 260}, "must": ["fresh"], "must_not": ["lemon"], "min_safety": 0.7}}`)
	all := moleculesOf(t, rec)
	if len(all) == 0 {
		t.Fatal("no molecules")
	}
	for _, m := range all {
		p := m["properties"].(fields)
		if p["molecular_weight"].(float64) > 170 || p["logp"].(float64) < 2 || p["boiling_point"].(float64) < 180 || p["boiling_point"].(float64) > 260 {
			t.Errorf("%v: %v", m["name"], p)
		}
		if m["safety"].(fields)["score"].(float64) < 0.7 {
			t.Errorf("%v: safety %v", m["name"], m["safety"])
		}
		var names []any
		for _, d := range m["odor_profile"].(fields)["descriptors"].([]any) {
			names = append(names, d.(fields)["name"])
		}
		if text := fmt.Sprint(names); !strings.Contains(text, "fresh") || strings.Contains(text, "lemon") {
			t.Errorf("%v smells %s", m["name"], text)
		}
	}
	reasons := map[any]bool{}
	for _, w := range decode(t, rec)["withheld"].([]any) {
		reasons[w.(fields)["detail"]] = true
	}
	for _, want := range []string{"molecular_weight", "logp", "must"} {
		if !reasons[want] {
			t.Errorf("nothing was withheld for its %s: %v", want, reasons)
		}
	}
}

func TestMoleculesLikeAnother(t *testing.T) {
	all := moleculesOf(t, post(newAPI(t, nil), `{"like": "COc1cc(C=O)ccc1O", "num_molecules": 3}`))
	if len(all) != 3 || all[0]["name"] != "veratraldehyde" {
		t.Fatalf("molecules like vanillin: %v", all)
	}
	last := 1.0
	for _, m := range all {
		likeness := m["scores"].(fields)["likeness"].(float64)
		if likeness <= 0 || likeness > last || m["name"] == "vanillin" {
			t.Errorf("%v has the likeness %v after %v", m["name"], likeness, last)
		}
		last = likeness
	}
}

func TestMoleculesWithAScaffold(t *testing.T) {
	pattern := smarts.MustCompile("COc1ccccc1O")
	all := moleculesOf(t, post(newAPI(t, nil), `{"scaffold": "COc1ccccc1O", "num_molecules": 50}`))
	if len(all) < 3 {
		t.Fatalf("%d molecules", len(all))
	}
	for _, m := range all {
		structure, err := chem.Parse(m["smiles"].(string))
		if err != nil || !pattern.Matches(structure) {
			t.Errorf("%v has no guaiacol in it (%v)", m["smiles"], err)
		}
	}
}

func TestSafetyOfOneMolecule(t *testing.T) {
	rec := postTo(newAPI(t, nil), "/api/v1/assess/safety", `{"smiles": "O=Cc1ccc(O)c(OC)c1"}`)
	body := decode(t, rec)
	list := body["assessments"].([]any)
	if rec.Code != http.StatusOK || len(list) != 1 || body["disclaimer"] != safety.Disclaimer || body["min_safety"] != safety.DefaultMinScore {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	m := list[0].(fields)
	if m["smiles"] != "COc1cc(C=O)ccc1O" || m["name"] != "vanillin" || m["passes"] != true || m["restricted"] != false {
		t.Errorf("vanillin: %v", m)
	}
}

func TestSafetyOfSeveralMoleculesKeepsTheirOrder(t *testing.T) {
	const nerveAgent = "CC(C)OP(C)(=O)F"
	rec := postTo(newAPI(t, nil), "/api/v1/assess/safety", asJSON(t, fields{"smiles": []string{"CCO", nerveAgent, "C=CC(=O)OC"}, "min_safety": 0.99}))
	var got []string
	for _, a := range decode(t, rec)["assessments"].([]any) {
		m := a.(fields)
		got = append(got, fmt.Sprintf("%v %v %v", m["smiles"], m["passes"], m["restricted"]))
	}
	if diff := cmp.Diff([]string{"CCO true false", "CC(C)OP(C)(=O)F false true", "C=CC(=O)OC false false"}, got); diff != "" {
		t.Error(diff)
	}
}

// The atoms of a finding are counted in the SMILES of the answer, not of the
// request.
func TestFindingsPointIntoTheSMILESOfTheAnswer(t *testing.T) {
	h := newAPI(t, nil)
	atoms := map[string]bool{}
	for _, smiles := range []string{"COc1cc(C=O)ccc1O", "O=Cc1ccc(O)c(OC)c1", "Oc1ccc(C=O)cc1OC"} {
		rec := postTo(h, "/api/v1/assess/safety", asJSON(t, fields{"smiles": smiles}))
		findings := decode(t, rec)["assessments"].([]any)[0].(fields)["safety"].(fields)["findings"].([]any)
		for _, f := range findings {
			if f.(fields)["id"] == "aldehyde-aryl" {
				atoms[fmt.Sprint(f.(fields)["atoms"])] = true
			}
		}
	}
	if len(atoms) != 1 || !atoms["[4 5 6]"] { // cC=O in COc1cc(C=O)ccc1O
		t.Errorf("atoms %v", atoms)
	}
}

func TestFieldsOfAssessThatAreRefused(t *testing.T) {
	refusals(t, "/api/v1/assess/safety", map[string]refusedBody{
		"nothing":          {`{}`, "/smiles"},
		"a number":         {`{"smiles": 5}`, "/smiles"},
		"an empty list":    {`{"smiles": []}`, "/smiles"},
		"too many":         {`{"smiles": [` + strings.Repeat(`"C",`, maxAssessed) + `"C"]}`, "/smiles"},
		"one is bad":       {`{"smiles": ["CCO", "CC(", 7]}`, "/smiles/1 /smiles/2"},
		"the threshold is": {`{"smiles": "CCO", "min_safety": 2}`, "/min_safety"},
		"unknown":          {`{"smiles": "CCO", "prompt": "rose"}`, "/prompt"},
	})
}

func TestDepictionsArePictures(t *testing.T) {
	rec := get(newAPI(t, nil), "/api/v1/molecules/depict.svg", url.Values{"smiles": {"COc1cc(C=O)ccc1O"}, "width": {"400"}, "height": {"250"}})
	for field, want := range map[string]string{
		"Content-Type": "image/svg+xml", "X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=86400",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
	} {
		if got := rec.Header().Get(field); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
	size := map[string]string{}
	for d := xml.NewDecoder(rec.Body); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if element.Name.Local == "script" {
			t.Error("a script")
		}
		if element.Name.Local == "svg" {
			for _, a := range element.Attr {
				size[a.Name.Local] = a.Value
			}
		}
	}
	if size["width"] != "400" || size["height"] != "250" {
		t.Errorf("attributes %v", size)
	}
}

func TestADepictionThatIsThereAlreadyIsNotSentAgain(t *testing.T) {
	h := newAPI(t, nil)
	query := url.Values{"smiles": {"CCO"}}
	first := get(h, "/api/v1/molecules/depict.svg", query)
	again := get(h, "/api/v1/molecules/depict.svg", query, "If-None-Match", first.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("%d with %d bytes", again.Code, again.Body.Len())
	}
	query.Set("width", "301")
	if other := get(h, "/api/v1/molecules/depict.svg", query, "If-None-Match", first.Header().Get("ETag")); other.Code != http.StatusOK {
		t.Errorf("another picture: %d", other.Code)
	}
}

func TestParametersThatAreRefused(t *testing.T) {
	h := newAPI(t, nil)
	for _, tt := range []struct{ path, fields string }{
		{"depict.svg", "?smiles"},
		{"depict.svg?smiles=", "?smiles"},
		{"depict.svg?smiles=C%28", "?smiles"},
		{"depict.svg?smiles=C&smiles=N", "?smiles"},
		{"depict.svg?smiles=C&width=49", "?width"},
		{"depict.svg?smiles=C&width=wide&height=1e3", "?width ?height"},
		{"depict.svg?smiles=C&colour=red", "?colour"},
		{"depict.svg?smiles=C&%zz", "?"},
		{"depict.svg?smiles=" + strings.Repeat("C", maxSMILES+1), "?smiles"},
		{"similar", "?smiles"},
		{"similar?smiles=C&limit=0", "?limit"},
		{"similar?smiles=C&limit=51", "?limit"},
	} {
		rec := send(h, httptest.NewRequest(http.MethodGet, "/api/v1/molecules/"+tt.path, nil))
		var got []string
		for _, e := range wantProblem(t, rec, problem.Invalid)["errors"].([]any) {
			got = append(got, e.(fields)["field"].(string))
		}
		if strings.Join(got, " ") != tt.fields {
			t.Errorf("%s: fields %q, want %q", tt.path, got, tt.fields)
		}
	}
}

func TestSimilarOdorants(t *testing.T) {
	rec := get(newAPI(t, nil), "/api/v1/molecules/similar", url.Values{"smiles": {"O=Cc1ccc(O)c(OC)c1"}, "limit": {"3"}})
	body := decode(t, rec)
	list := body["odorants"].([]any)
	if rec.Code != http.StatusOK || len(list) != 3 || body["smiles"] != "COc1cc(C=O)ccc1O" {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	first := list[0].(fields)
	if first["name"] != "vanillin" || first["similarity"] != 1.0 || first["odor_profile"].(fields)["note"] == nil {
		t.Errorf("the nearest is %v", first)
	}
	if second := list[1].(fields); second["name"] != "veratraldehyde" || second["similarity"].(float64) >= 1 {
		t.Errorf("the next is %v", second)
	}
}

func TestASampledMoleculeComesWithAllThatIsKnownOfIt(t *testing.T) {
	m, seed := vanillin(t), int64(7)
	m.Source, m.Note, m.Profile = engine.FromDiffusion, odor.Base, odor.Profile{{Descriptor: "vanilla", Weight: 0.95}}
	m.Scores = engine.Scores{Relevance: 0.5, Avoidance: 1, Likeness: new(0.6), Accessibility: new(0.4115)}
	m.Known = &engine.Known{Training: true, Nearest: engine.Neighbour{Odorant: &odor.Odorant{Structure: chemtest.Parse(t, "CCO"), Name: "ethanol"}, Similarity: 0.25}}
	rec := post(newAPI(t, with(func(context.Context, engine.Request) (engine.Result, error) {
		return engine.Result{Molecules: []engine.Molecule{m}, Seed: &seed, Sampled: 9, Withheld: []engine.Withheld{{Reason: engine.Unsafe, Detail: "acrylate", Count: 8}}}, nil
	})), `{"prompt": "vanilla"}`)
	body := decode(t, rec)
	if body["seed"] != 7.0 || body["sampled"] != 9.0 || asJSON(t, body["withheld"]) != `[{"count":8,"detail":"acrylate","reason":"safety"}]` {
		t.Errorf("answer %v", body)
	}
	got := body["molecules"].([]any)[0].(fields)
	for name, want := range map[string]string{
		"scores":       `{"accessibility":0.4115,"avoidance":1,"likeness":0.6,"overall":0.1235,"relevance":0.5}`,
		"known":        `{"library":false,"nearest":{"name":"ethanol","similarity":0.25,"smiles":"CCO"},"training":true}`,
		"odor_profile": `{"descriptors":[{"name":"vanilla","weight":0.95}],"note":"base"}`,
	} {
		if text := asJSON(t, got[name]); text != want {
			t.Errorf("%s: %s, want %s", name, text, want)
		}
	}
}
