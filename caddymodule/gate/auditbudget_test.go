//go:build !race

// The race detector makes counts of objects vary.

package gate

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/odordiff/odordiff/internal/audit"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
)

func TestAnEventCostsARequestFewObjects(t *testing.T) {
	for name, hashed := range map[string]bool{principalsClear: false, principalsHash: true} {
		t.Run(name, func(t *testing.T) {
			opened, err := audit.Open(audit.Options{Folder: t.TempDir(), MaxWaiting: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			a := &auditing{trail: &trail{Trail: opened, firsts: newFirstUses(maxFirstUses)}, hashed: hashed}
			defer takeOverTrail(a)()
			defer func() {
				if err := opened.Close(); err != nil {
					t.Error(err)
				}
			}()
			x := exchange.New(nil)
			x.ClientIP = "192.0.2.1"
			x.Principal = &exchange.Principal{ID: "alice", Tenant: "acme", Method: "jwt"}
			r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
			p := problem.QuotaExceeded.New("").By("burst")
			if n := testing.AllocsPerRun(1000, func() { auditRefusal(r, x, p) }); n > 15 {
				t.Errorf("a refusal allocates %.0f objects for its event, more than 15", n)
			} else {
				t.Logf("%.0f objects", n)
			}
			RecordUse(r, x)
			if n := testing.AllocsPerRun(1000, func() { RecordUse(r, x) }); n != 0 {
				t.Errorf("a request without an event allocates %.0f objects", n)
			}
		})
	}
}
