package api

import (
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/problem"
)

func withFloor(floor float64) func(*Config) { return func(c *Config) { c.MinSafety = floor } }

func TestNobodyAsksForLessSafetyThanTheFloor(t *testing.T) {
	h := newAPI(t, withFloor(0.5))
	for _, c := range []struct{ path, body, field string }{
		{"/api/v1/generate", `{"prompt": "rose", "constraints": {"min_safety": 0}}`, "/constraints/min_safety"},
		{"/api/v1/generate", `{"prompt": "rose", "constraints": {"min_safety": 0.499}, "stream": true}`, "/constraints/min_safety"},
		{"/api/v1/design/fragrance", `{"prompt": "rose", "constraints": {"min_safety": 0}}`, "/constraints/min_safety"},
		{"/api/v1/assess/safety", `{"smiles": "CCO", "min_safety": 0}`, "/min_safety"},
	} {
		field, message := fieldOf(t, wantProblem(t, postTo(h, c.path, c.body), problem.Invalid))
		if field != c.field || !strings.Contains(message, "at least 0.5") {
			t.Errorf("%s %s: %s %s", c.path, c.body, field, message)
		}
	}
	for path, body := range map[string]string{
		"/api/v1/generate":         `{"prompt": "rose", "constraints": {"min_safety": 0.5}}`,
		"/api/v1/design/fragrance": `{"prompt": "rose", "constraints": {"min_safety": 1}}`,
		"/api/v1/assess/safety":    `{"smiles": "CCO", "min_safety": 0.9}`,
	} {
		if rec := postTo(h, path, body); rec.Code != http.StatusOK {
			t.Errorf("%s %s: %d %s", path, body, rec.Code, rec.Body)
		}
	}
}

func TestAFloorOverTheDefaultIsTheDefault(t *testing.T) {
	h := newAPI(t, withFloor(0.9))
	for _, m := range moleculesOf(t, post(h, `{"prompt": "vanilla, spicy", "num_molecules": 50}`)) {
		if score := m["safety"].(fields)["score"].(float64); score < 0.9 {
			t.Errorf("%v scores %v", m["name"], score)
		}
	}
	body := decode(t, postTo(h, "/api/v1/assess/safety", `{"smiles": "O=CC=Cc1ccccc1"}`))
	if least := body["min_safety"]; least != 0.9 {
		t.Errorf("assessed with %v", least)
	}
}

func TestAFloorOfZeroIsNoFloor(t *testing.T) {
	h := newAPI(t, withFloor(0))
	if rec := post(h, `{"prompt": "musk", "constraints": {"min_safety": 0}}`); rec.Code != http.StatusOK {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	body := decode(t, postTo(h, "/api/v1/assess/safety", `{"smiles": "CCO"}`))
	if least := body["min_safety"]; least != 0.5 {
		t.Errorf("assessed with %v", least)
	}
}

func TestAFloorIsAScore(t *testing.T) {
	for _, floor := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
		c := config(t)
		c.MinSafety = floor
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), "MinSafety") {
			t.Errorf("%v: error %v", floor, err)
		}
	}
}
