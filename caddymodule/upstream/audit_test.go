package upstream

import (
	"net/http"
	"testing"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func TestABreakerThatChangesIsAudited(t *testing.T) {
	folder, address := t.TempDir(), edgetest.FreeAddress(t)
	e := edgetest.StartEdited(t, site(address, "trip_after 1\nopen_for 50ms\nopen_max 50ms", ""), edgetest.Audited(t, folder))
	wantStatus(t, get(t, e), http.StatusBadGateway)
	edgetest.AwaitEvent(t, folder, "breaker.changed", "to", "open")
	edgetest.AwaitEvent(t, folder, "breaker.changed", "name", address)
}
