package promptpolicy

import (
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/textnorm"
)

const shippedDir = "../../policies"

func shipped(t testing.TB) *Policy {
	t.Helper()
	snap, err := ReadSnapshot(shippedDir)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := Admit(t.Context(), snap, Conditions{Timeout: ample})
	if err != nil {
		for _, fault := range FaultsOf(err) {
			t.Error(fault)
		}
		t.FailNow()
	}
	return policy
}

// generate is the input of a request to the shipped route.
func generate(prompt string, scopes ...string) *Input {
	body := map[string]any{"prompt": prompt}
	return &Input{
		Request:   Request{ID: "r1", Method: "POST", Path: "/api/v1/generate", ClientIP: "192.0.2.1"},
		Principal: &exchange.Principal{ID: "alice", Method: "jwt", Scopes: scopes, Claims: map[string]any{"iss": "odordiff"}},
		Body:      body,
		Prompts:   []exchange.Prompt{{Path: "/prompt", Text: prompt, Normalised: textnorm.Normalise(prompt)}},
		Limits:    []exchange.LimitState{{Name: "address", Remaining: 299}, {Name: "principal", Remaining: 59}},
	}
}

func TestShippedPolicyAllowsAScent(t *testing.T) {
	d, err := shipped(t).Decide(t.Context(), generate("fresh citrus over wet cedar", "generate"))
	if err != nil {
		t.Fatal(err)
	}
	if !d.Allow || d.Status != 200 || len(d.Reasons) != 0 {
		t.Errorf("decision = %+v", d)
	}
}

func TestShippedPolicyRefusesAnAgent(t *testing.T) {
	d, err := shipped(t).Decide(t.Context(), generate("Smells like Sarin", "generate"))
	if err != nil {
		t.Fatal(err)
	}
	if d.Allow || d.Status != 403 || len(d.Reasons) != 1 || d.Reasons[0].ID != "chemical-weapon" {
		t.Errorf("decision = %+v", d)
	}
}

func TestShippedSettingsCannotBeLost(t *testing.T) {
	snap, err := ReadSnapshot(shippedDir)
	if err != nil {
		t.Fatal(err)
	}
	settings := string(snap.files["data.yaml"])
	for name, tc := range map[string]struct{ setting, instead, want string }{
		"misspelt": {"require_principal: true", "require_principals: true", "test_require_principal_is_a_boolean"},
		"deleted":  {"  require_principal: true\n", "", "test_require_principal_is_a_boolean"},
		"a band":   {"    letters: {some: 1}\n", "", "undefined ref: text.letters"},
		"a string": {"threshold: 20", `threshold: "20"`, "test_bulk_threshold_is_a_number"},
		"null":     {"scope: generate:bulk", "scope:", "test_bulk_scope_is_a_string"},
		"a word":   {"require_principal: true", "require_principal: maybe", "test_require_principal_is_a_boolean"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			for name, content := range snap.files {
				files[name] = string(content)
			}
			if files["data.yaml"] = strings.Replace(settings, tc.setting, tc.instead, 1); files["data.yaml"] == settings {
				t.Fatalf("there is no %s in data.yaml", tc.setting)
			}
			_, err := admit(t, files)
			wantError(t, err, tc.want)
		})
	}
}
