package promptpolicy

import (
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// TestEveryNewFunctionOfOPAIsReviewed fails if a new version of OPA adds
// functions: add each to builtins.txt, or here.
func TestEveryNewFunctionOfOPAIsReviewed(t *testing.T) {
	known := append(strings.Fields(allowedBuiltins),
		"bits.lsh", "graph.reachable_paths", "http.send", "net.cidr_expand", "net.lookup_ip_addr", "numbers.range",
		"numbers.range_step", "opa.runtime", "providers.aws.sign_req", "rego.parse_module", "strings.render_template")
	slices.Sort(known)
	var names []string
	for _, builtin := range ast.CapabilitiesForThisVersion().Builtins {
		if !strings.HasPrefix(builtin.Name, "gate.") {
			names = append(names, builtin.Name)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, known) {
		t.Errorf("OPA has\n%q\nwe know\n%q", names, known)
	}
}

func TestAllowedFunctionsAreSorted(t *testing.T) {
	if names := strings.Fields(allowedBuiltins); !slices.IsSorted(names) {
		t.Error("builtins.txt is not sorted, so that some are not found")
	}
}
