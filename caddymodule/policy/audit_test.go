package policy

import (
	"testing"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func TestAPolicyThatChangesIsAudited(t *testing.T) {
	folder := t.TempDir()
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": constant(true, 200, "[]")})
	edgetest.StartEdited(t, "gate_policy {\n dir "+dir+"\n}\nrespond 204", edgetest.Audited(t, folder))
	write(t, dir, map[string]string{"gate.rego": constant(false, 403, "[]")})
	edgetest.AwaitEvent(t, folder, "policy.changed", "result", "in force")
	write(t, dir, map[string]string{"gate.rego": "package gate\n\ndecision := {"})
	edgetest.AwaitEvent(t, folder, "policy.changed", "result", "refused")
	edgetest.AwaitEvent(t, folder, "policy.changed", "name", dir)
}
