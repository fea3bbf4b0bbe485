package promptpolicy

import (
	"slices"
	"testing"
)

const twoDenials = `package gate.rules.a

deny contains {"id": "first", "message": "No.", "severity": "low"} if input.body.n == 1

deny contains {"id": "second", "message": "No.", "severity": "low"} if input.body.n == 2
`

const testOfOne = `package gate.rules.a_test

test_first if data.gate.rules.a.deny with input as {"body": {"n": 1}}
`

func TestEachDenyRuleMustRefuseSomethingInATest(t *testing.T) {
	files := map[string]string{"gate.rego": joining, "rules/a.rego": twoDenials, "rules/a_test.rego": testOfOne}
	must := Conditions{Timeout: ample, Covered: true}
	_, err := Admit(t.Context(), snapshot(t, files), must)
	wantError(t, err, "rules/a.rego:5: no test is refused by this rule")

	files["rules/a_test.rego"] += "\ntest_second if count(data.gate.rules.a.deny) == 1 with input as {\"body\": {\"n\": 2}}\n"
	p, err := Admit(t.Context(), snapshot(t, files), must)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"data.gate.rules.a_test.test_first", "data.gate.rules.a_test.test_second"}; !slices.Equal(p.Tests(), want) {
		t.Errorf("tests = %q", p.Tests())
	}
}

func TestTooFewTestsAreRefused(t *testing.T) {
	files := map[string]string{"gate.rego": joining, "rules/a.rego": twoDenials, "rules/a_test.rego": testOfOne}
	_, err := Admit(t.Context(), snapshot(t, files), Conditions{Timeout: ample, MinTests: 2})
	wantError(t, err, "the policy has 1 tests, and at least 2 are required")
}

func TestTheShippedPolicyIsCovered(t *testing.T) {
	snap, err := ReadSnapshot(shippedDir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Admit(t.Context(), snap, Conditions{Timeout: ample, Covered: true}); err != nil {
		t.Error(err)
	}
}

func TestTestsThatAreGoneAreReported(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": joining, "rules/a.rego": twoDenials, "rules/a_test.rego": testOfOne})
	_, outcomes := opened(t, dir)
	write(t, dir, map[string]string{"rules/a_test.rego": ""})
	c := <-outcomes
	if want := []string{"data.gate.rules.a_test.test_first"}; c.Err != nil || !slices.Equal(c.Lost, want) {
		t.Errorf("candidate = %+v", c)
	}
}

func TestAConfigurationMayRequireTests(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": joining, "rules/a.rego": twoDenials, "rules/a_test.rego": testOfOne})
	e, outcomes := opened(t, dir)
	if _, err := e.Require(Conditions{Timeout: ample, MinTests: 2}); err == nil {
		t.Error("the version in force has enough tests")
	}
	release, err := e.Require(Conditions{Timeout: ample, MinTests: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	write(t, dir, map[string]string{"rules/a_test.rego": ""})
	c := <-outcomes
	wantError(t, c.Err, "the policy has 0 tests, and at least 1 are required")
}
