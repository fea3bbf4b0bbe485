package api

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/internal/problem"
)

// refusals sends bodies that are refused, and compares which fields are named.
func refusals(t *testing.T, path string, tests map[string]refusedBody) {
	t.Helper()
	h := newAPI(t, nil)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, e := range wantProblem(t, postTo(h, path, tt.body), problem.Invalid)["errors"].([]any) {
				got = append(got, e.(fields)["field"].(string))
			}
			if diff := cmp.Diff(strings.Fields(tt.fields), got); diff != "" {
				t.Errorf("fields: %s", diff)
			}
		})
	}
}

type refusedBody struct{ body, fields string }

func TestFieldsOfGenerateThatAreRefused(t *testing.T) {
	long := strings.Repeat("C", maxSMILES+1)
	refusals(t, "/api/v1/generate", map[string]refusedBody{
		"engine unknown":        {`{"prompt": "rose", "engine": "gpt"}`, "/engine"},
		"engine null":           {`{"prompt": "rose", "engine": null}`, "/engine"},
		"no steps":              {`{"prompt": "rose", "steps": 0}`, "/steps"},
		"too many steps":        {`{"prompt": "rose", "steps": 49}`, "/steps"},
		"half a step":           {`{"prompt": "rose", "steps": 1.5}`, "/steps"},
		"frozen":                {`{"prompt": "rose", "temperature": 0}`, "/temperature"},
		"too hot":               {`{"prompt": "rose", "temperature": 2.01}`, "/temperature"},
		"temperature a word":    {`{"prompt": "rose", "temperature": "hot"}`, "/temperature"},
		"guided away":           {`{"prompt": "rose", "guidance": -1}`, "/guidance"},
		"over-guided":           {`{"prompt": "rose", "guidance": 1e999}`, "/guidance"},
		"stream a word":         {`{"prompt": "rose", "stream": "yes"}`, "/stream"},
		"stream null":           {`{"prompt": "rose", "stream": null}`, "/stream"},
		"constraints a list":    {`{"prompt": "rose", "constraints": []}`, "/constraints"},
		"constraints unknown":   {`{"prompt": "rose", "constraints": {"colour": "red"}}`, "/constraints/colour"},
		"weight a number":       {`{"prompt": "rose", "constraints": {"molecular_weight": 200}}`, "/constraints/molecular_weight"},
		"weight negative":       {`{"prompt": "rose", "constraints": {"molecular_weight": {"min": -1}}}`, "/constraints/molecular_weight/min"},
		"range upside down":     {`{"prompt": "rose", "constraints": {"logp": {"min": 3, "max": 2}}}`, "/constraints/logp/max"},
		"range unknown":         {`{"prompt": "rose", "constraints": {"logp": {"least": 3}}}`, "/constraints/logp/least"},
		"colder than cold":      {`{"prompt": "rose", "constraints": {"boiling_point": {"max": -300}}}`, "/constraints/boiling_point/max"},
		"safer than safe":       {`{"prompt": "rose", "constraints": {"min_safety": 1.1}}`, "/constraints/min_safety"},
		"must a word":           {`{"prompt": "rose", "constraints": {"must": "rose"}}`, "/constraints/must"},
		"must nothing":          {`{"prompt": "rose", "constraints": {"must": []}}`, "/constraints/must"},
		"must too much":         {`{"prompt": "rose", "constraints": {"must": [` + strings.Repeat(`"rose",`, 20) + `"rose"]}}`, "/constraints/must"},
		"must the unknown":      {`{"prompt": "rose", "constraints": {"must": ["rose", "qwertyuiop"]}}`, "/constraints/must/1"},
		"must a number":         {`{"prompt": "rose", "constraints": {"must": [5]}}`, "/constraints/must/0"},
		"must and must not":     {`{"prompt": "rose", "constraints": {"must": ["lemon"], "must_not": ["citrus"]}}`, "/constraints/must_not"},
		"like nothing":          {`{"like": ""}`, "/like"},
		"like null":             {`{"like": null}`, "/like"},
		"like prose":            {`{"like": "smells of roses"}`, "/like"},
		"like a long text":      {`{"like": "` + long + `"}`, "/like"},
		"like a large molecule": {`{"like": "` + long[:maxHeavyAtoms+1] + `"}`, "/like"},
		"like hydrogen":         {`{"like": "[H][H]"}`, "/like"},
		"like two molecules":    {`{"like": "CCO.CCN"}`, "/like"},
		"scaffold in pieces":    {`{"scaffold": "C.C.C"}`, "/scaffold"},
		"scaffold open":         {`{"scaffold": "C1CC"}`, "/scaffold"},
		"scaffold impossible":   {`{"scaffold": "C(C)(C)(C)(C)C"}`, "/scaffold"},
		"only a must not":       {`{"constraints": {"must_not": ["rose"]}}`, "/prompt"},
		"only a seed":           {`{"seed": 1}`, "/prompt"},
		"all at once": {`{"num_molecules": 0, "engine": 1, "steps": 0, "constraints": {"must": ["x"], "logp": {"min": "a"}, "z": 1}, "like": "C(", "a": 1}`,
			"/num_molecules /steps /constraints/logp/min /constraints/must/0 /constraints/z /like /engine /a"},
	})
}

func TestSMILESErrorsSayWhere(t *testing.T) {
	h := newAPI(t, nil)
	for smiles, want := range map[string]struct {
		position float64
		message  string
	}{
		"CC(C":           {2, "SMILES"},
		"CCXC":           {2, "SMILES"},
		"C1CC":           {1, "SMILES"},
		"CC(C)(C)(C)(C)": {1, "no possible molecule"},
	} {
		e := wantProblem(t, post(h, asJSON(t, fields{"like": smiles})), problem.Invalid)["errors"].([]any)[0].(fields)
		if e["position"] != want.position || !strings.Contains(e["message"].(string), want.message) {
			t.Errorf("%s: %v, want %q at %v", smiles, e, want.message, want.position)
		}
	}
}

func TestUnknownDescriptorsHaveSuggestions(t *testing.T) {
	body := post(newAPI(t, nil), `{"prompt": "rose", "constraints": {"must": ["sandlewod"]}}`)
	e := wantProblem(t, body, problem.Invalid)["errors"].([]any)[0].(fields)
	if list, ok := e["suggestions"].([]any); ok && len(list) > 0 && list[0] == "sandalwood" {
		return
	}
	t.Errorf("error %v", e)
}

func TestEveryFieldReachesTheEngine(t *testing.T) {
	var got engine.Request
	h := newAPI(t, with(func(_ context.Context, request engine.Request) (engine.Result, error) {
		got = request
		return engine.Result{}, nil
	}))
	rec := post(h, `{"prompt": "rose", "steps": 12, "temperature": 0.5, "guidance": 0, "like": "OCC", "scaffold": "c1ccccc1",
		"constraints": {"molecular_weight": {"min": 100, "max": 200}, "logp": {"max": 3}, "boiling_point": {"min": 150},
		"must": ["lemony", "rose", "rose"], "must_not": ["musk"], "min_safety": 0}}`)
	if rec.Code != http.StatusOK {
		t.Fatal(rec.Body)
	}
	s, c := got.Sampling, got.Constraints
	if *s.Steps != 12 || *s.Temperature != 0.5 || *s.Guidance != 0 || got.Like.SMILES() != "CCO" || got.Scaffold.SMILES() != "c1ccccc1" {
		t.Errorf("the engine got %+v", got)
	}
	if *c.Weight.Min != 100 || *c.Weight.Max != 200 || c.LogP.Min != nil || *c.LogP.Max != 3 || *c.BoilingPoint.Min != 150 || *c.MinSafety != 0 {
		t.Errorf("constraints %+v", c)
	}
	if diff := cmp.Diff([][]string{{"lemon", "rose"}, {"musk"}}, [][]string{c.Must, c.MustNot}); diff != "" {
		t.Errorf("descriptors by their own names, once: %s", diff)
	}
}

// namedEngine says its name.
type namedEngine string

func (n namedEngine) Name() string { return string(n) }

func (namedEngine) Generate(context.Context, engine.Request) (engine.Result, error) {
	return engine.Result{}, nil
}

func TestTheRequestChoosesTheEngine(t *testing.T) {
	h := newAPI(t, func(c *Config) { c.Engines = []engine.Engine{namedEngine("diffusion"), namedEngine("library")} })
	for body, want := range map[string]string{
		`{"prompt": "rose"}`:                        "diffusion",
		`{"prompt": "rose", "engine": "diffusion"}`: "diffusion",
		`{"prompt": "rose", "engine": "library"}`:   "library",
	} {
		if got := decode(t, post(h, body))["engine"]; got != want {
			t.Errorf("%s: %v, want %s", body, got, want)
		}
	}
}
