package promptpolicy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
	_, err := admitApart(t.Context(), snap, Conditions{Timeout: ample}, limits{Time: 300 * time.Millisecond, Memory: usual.Memory})
	wantError(t, err, "took more than 300ms and was ended")
	if !isOverdue(err) {
		t.Error("it will not be tried again")
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
