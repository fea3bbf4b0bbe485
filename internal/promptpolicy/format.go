package promptpolicy

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
)

// Format returns a Rego file in OPA's own style, as `opa fmt` does. The error
// is [Faults].
func Format(name string, content []byte) ([]byte, error) {
	formatted, err := format.SourceWithOpts(name, content, format.Opts{
		RegoVersion:   ast.RegoV1,
		Capabilities:  capabilities(),
		ParserOptions: &ast.ParserOptions{Capabilities: capabilities(), ProcessAnnotation: true, RegoVersion: ast.RegoV1},
	})
	if err != nil {
		return nil, regoFaults(err)
	}
	return formatted, nil
}
