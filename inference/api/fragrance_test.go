package api

import (
	"context"
	"net/http"
	"testing"

	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/internal/problem"
)

const designPath = "/api/v1/design/fragrance"

func TestAFragranceIsAFormulaOfThousandParts(t *testing.T) {
	rec := postTo(newAPI(t, nil), designPath, `{"prompt": "fresh citrus over wet cedar, with a rose heart", "num_odorants": 10}`)
	if rec.Code != http.StatusOK {
		t.Fatal(rec.Body)
	}
	body := decode(t, rec)
	parts, rows := 0.0, 0
	for i, a := range body["accords"].([]any) {
		accord := a.(fields)
		if accord["note"] != string(odor.Notes[i]) {
			t.Errorf("accord %d is %v", i, accord["note"])
		}
		for _, r := range accord["rows"].([]any) {
			row := r.(fields)
			parts += row["parts"].(float64)
			rows++
			if row["note"] != accord["note"] || row["novel"] != false || row["name"] == nil || len(row["role"].([]any)) == 0 {
				t.Errorf("row %v", row)
			}
		}
	}
	if parts != 1000 || rows != 10 {
		t.Errorf("%d rows with %v parts", rows, parts)
	}
	if body["advice"] == "" || body["disclaimer"] == "" {
		t.Errorf("it is not said what this is not: %v", body)
	}
}

func TestFragrancesRefuseWhatIsNotSafeEnough(t *testing.T) {
	body := decode(t, postTo(newAPI(t, nil), designPath, `{"prompt": "rose and vanilla", "constraints": {"min_safety": 0.99}}`))
	refused := map[any]bool{}
	for _, r := range body["refused"].([]any) {
		refused[r.(fields)["name"]] = r.(fields)["reason"] != ""
	}
	if !refused["vanillin"] {
		t.Errorf("refused %v", refused)
	}
	for _, a := range body["accords"].([]any) {
		for _, r := range a.(fields)["rows"].([]any) {
			if refused[r.(fields)["name"]] {
				t.Errorf("%v is used", r)
			}
		}
	}
}

func TestGeneratedOdorantsAreMarked(t *testing.T) {
	m := vanillin(t)
	m.Structure = chemtest.Parse(t, "CCCCOc1cc(C=O)ccc1O")
	m.Note = odor.Base // by estimate, as any note of a new molecule
	m.Profile = odor.Profile{{Descriptor: "vanilla", Weight: 1}}
	h := newAPI(t, with(func(_ context.Context, request engine.Request) (engine.Result, error) {
		wanted := odor.Interpretation{Descriptors: []odor.Wanted{{Descriptor: "vanilla", Weight: 1}}}
		return engine.Result{Interpretation: wanted, Molecules: []engine.Molecule{m, vanillin(t)}, Seed: request.Seed}, nil
	}))
	body := decode(t, postTo(h, designPath, `{"prompt": "vanilla", "seed": 3}`))
	novel := 0
	for _, a := range body["accords"].([]any) {
		for _, r := range a.(fields)["rows"].([]any) {
			if row := r.(fields); row["novel"] == true {
				novel++
				if row["smiles"] != m.Structure.SMILES() || row["note_source"] != "boiling-point" {
					t.Errorf("novel: %v", row)
				}
			}
		}
	}
	if novel != 1 || body["seed"] != 3.0 || body["engine"] != "test" {
		t.Errorf("%d novel rows in %v", novel, body)
	}
}

func TestFragrancesNeedAScent(t *testing.T) {
	h := newAPI(t, nil)
	wantProblem(t, postTo(h, designPath, `{"prompt": "qwerty"}`), problem.NotUnderstood)
	wantProblem(t, postTo(h, designPath, `{"prompt": "a base note"}`), problem.NotUnderstood)
}

func TestFieldsOfDesignThatAreRefused(t *testing.T) {
	refusals(t, designPath, map[string]refusedBody{
		"nothing":       {`{}`, "/prompt"},
		"empty":         {`{"prompt": ""}`, "/prompt"},
		"too few":       {`{"prompt": "rose", "num_odorants": 2}`, "/num_odorants"},
		"too many":      {`{"prompt": "rose", "num_odorants": 21}`, "/num_odorants"},
		"unknown":       {`{"prompt": "rose", "num_molecules": 5}`, "/num_molecules"},
		"engine":        {`{"prompt": "rose", "engine": "oracle"}`, "/engine"},
		"seed":          {`{"prompt": "rose", "seed": 0.1}`, "/seed"},
		"constraints":   {`{"prompt": "rose", "constraints": {"must": ["zzzzzz"]}}`, "/constraints/must/0"},
		"without words": {`{"constraints": {"must": ["rose"]}}`, "/prompt"},
	})
}
