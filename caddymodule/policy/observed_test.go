package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/promptpolicy"
)

const observingDecision = `package gate

decision := {"allow": true, "status": 200, "reasons": [], "obligations": [], "labels": [], "observed": observed} if input.complete

observed contains reason if some reason in data.gate.rules[_].observe
`

const observingRule = `# METADATA
# custom:
#   mode: observe
package gate.rules.a

deny contains {"id": "watched", "message": "No.", "severity": "low"} if input.body.prompt == "rose"
`

func TestWhatIsObservedIsCountedAndPasses(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"decision.rego": observingDecision, "rules/a.rego": observingRule} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h, err := provisioned(t, &Handler{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	before := valueOf(t, observations.WithLabelValues("watched"))
	for i, prompt := range []string{"iris", "rose"} {
		u := &upstream{}
		if _, _, err := serve(h, post(route, `{"prompt":"`+prompt+`"}`), u); err != nil || u.request == nil {
			t.Errorf("%s: error = %v", prompt, err)
		}
		if got := valueOf(t, observations.WithLabelValues("watched")) - before; got != float64(i) {
			t.Errorf("%s: counted %v times", prompt, got)
		}
	}
}

func TestTheSeriesOfObservedReasonsAreBounded(t *testing.T) {
	l := labelValues{known: map[string]bool{}}
	var seen []string
	for i := range 3 * maxObserved {
		if value := l.of(fmt.Sprint(i)); !slices.Contains(seen, value) {
			seen = append(seen, value)
		}
	}
	if len(seen) != maxObserved+1 || l.of("0") != "0" {
		t.Errorf("%d series, and %q for the first", len(seen), l.of("0"))
	}
	ids := observed(&promptpolicy.Decision{Observed: []exchange.Reason{{ID: "a"}, {ID: "b"}}})
	if !slices.Equal(ids, []string{"a", "b"}) {
		t.Errorf("logged %q", ids)
	}
}
