package promptpolicy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestAPolicyThatIsTriedApartDecides(t *testing.T) {
	p, err := AdmitApart(t.Context(), snapshot(t, map[string]string{"gate.rego": denying}), Conditions{Timeout: ample})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := p.Decide(t.Context(), &Input{}); err != nil || d.Allow || d.Reasons[0].ID != "never" {
		t.Errorf("decision = %+v, error = %v", d, err)
	}
}

func TestFaultsAreTheSameApart(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"syntax":             {"gate.rego": "package gate\n\ndecision := {"},
		"a failing test":     {"gate.rego": allowing, "gate_test.rego": "package gate_test\n\ntest_no if false\n"},
		"a malformed answer": {"gate.rego": "package gate\n\ndecision := 1\n"},
		"data":               {"gate.rego": allowing, "data.yaml": "a: ["},
	} {
		t.Run(name, func(t *testing.T) {
			snap := snapshot(t, files)
			_, here := Admit(t.Context(), snap, Conditions{Timeout: ample})
			_, apart := AdmitApart(t.Context(), snap, Conditions{Timeout: ample})
			if diff := cmp.Diff(FaultsOf(here), FaultsOf(apart)); here == nil || apart == nil || diff != "" {
				t.Errorf("here %v, apart %v", here, apart)
			}
		})
	}
}

func TestATrialThatTakesTooLongIsEnded(t *testing.T) {
	snap := snapshot(t, map[string]string{"gate.rego": allowing, "gate_test.rego": "package gate_test\n\n" +
		"digits := [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n\n" +
		"test_long if count([1 | digits[a]; digits[b]; digits[c]; digits[d]; digits[e]; digits[f]; digits[g]; digits[h]; a + b + c + d + e + f + g + h < 0]) == 0\n"})
	short := limits{Time: 300 * time.Millisecond, Memory: usual.Memory}
	_, err := admitApart(t.Context(), snap, Conditions{Timeout: ample}, short)
	wantError(t, err, "took more than 300ms and was ended")
	if !isOverdue(err) {
		t.Error("it will not be tried again")
	}
	_, err = testApart(t.Context(), snap, short)
	wantError(t, err, "took more than 300ms and was ended")
}

func TestResultsOfTestsAreTheSameApart(t *testing.T) {
	snap := snapshot(t, map[string]string{"gate.rego": allowing, "gate_test.rego": "package gate_test\n\n" +
		"test_yes if true\n\ntest_no if {\n\tprint(\"so\")\n\tfalse\n}\n\ntodo_test_later if true\n"})
	here, err := Test(t.Context(), snap)
	if err != nil {
		t.Fatal(err)
	}
	apart, err := TestApart(t.Context(), snap)
	if diff := cmp.Diff(here, apart, cmpopts.IgnoreFields(TestResult{}, "Took")); err != nil || diff != "" {
		t.Errorf("error %v, -here +apart:\n%s", err, diff)
	}
}

func TestADocumentIsEvaluatedApart(t *testing.T) {
	denied := snapshot(t, map[string]string{"gate.rego": denying})
	d, _, err := EvaluateApart(t.Context(), denied, nil, ample)
	want, wantErr := compiled(t, map[string]string{"gate.rego": denying}).Evaluate(t.Context(), nil)
	if diff := cmp.Diff(want, d); err != nil || wantErr != nil || diff != "" {
		t.Errorf("errors %v and %v, -here +apart:\n%s", wantErr, err, diff)
	}
	allowed := snapshot(t, map[string]string{"gate.rego": allowing})
	_, _, err = EvaluateApart(t.Context(), allowed, map[string]any{"complete": false}, ample)
	wantError(t, err, "data.gate.decision is undefined")
	// It stays the number that it is.
	numbered := snapshot(t, map[string]string{"gate.rego": strings.Replace(allowing, "input.complete", "input.body.id == 9007199254740993", 1)})
	d, _, err = EvaluateApart(t.Context(), numbered, map[string]any{"body": map[string]any{"id": json.Number("9007199254740993")}}, ample)
	if err != nil || !d.Allow {
		t.Errorf("decision = %+v, error = %v", d, err)
	}
	_, _, err = EvaluateApart(t.Context(), snapshot(t, map[string]string{"gate.rego": "package gate\n\ndecision := {"}), nil, ample)
	if faults, ok := errors.AsType[Faults](err); !ok || faults[0].Line != 3 {
		t.Errorf("error = %v", err)
	}
}

// Ten thousand million of one word, made in a single call that nothing cancels.
func TestATrialThatTakesTooMuchMemoryIsEnded(t *testing.T) {
	test := "package gate_test\n\ntest_large if {\n\tx0 := [\"word\"]\n"
	for i := range 10 {
		test += fmt.Sprintf("\tx%d := [%s]\n", i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("x%d, ", i), 10), ", "))
	}
	test += "\tjson.marshal(x10) != \"\"\n}\n"
	little := limits{Time: usual.Time, Memory: 96 << 20}
	_, err := admitApart(t.Context(), snapshot(t, map[string]string{"gate.rego": allowing, "gate_test.rego": test}), Conditions{Timeout: ample}, little)
	wantError(t, err, "more than 96 MiB of memory")
}

func TestATrialEndsWithWhoAskedForIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := AdmitApart(ctx, snapshot(t, map[string]string{"gate.rego": allowing}), Conditions{Timeout: ample}); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
}
