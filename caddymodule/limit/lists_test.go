package limit

import (
	"testing"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
)

func TestPrincipalsAreListedWithTheirTenantAndAuthority(t *testing.T) {
	h := newHandler(t, Handler{
		Limits: []Limit{{Name: "l", Key: "all", Rate: "1/1m"}},
		Allow:  []string{"198.51.100.1"},
		Principals: []Principal{
			{ID: "ada", List: "allow"}, {ID: "eve", List: "allow"}, {ID: "eve", List: "deny"},
			{ID: "bob", List: "deny", Tenant: "acme"}, {ID: "mal", List: "deny", Authority: "https://issuer.example"},
		},
	})
	ask(t, request{}, h) // takes the only unit
	for name, tc := range map[string]struct {
		from      string
		principal *exchange.Principal
		want      *problem.Kind
	}{
		"nobody":                       {want: problem.QuotaExceeded},
		"allowed":                      {principal: &exchange.Principal{ID: "ada"}},
		"a namesake of another tenant": {principal: &exchange.Principal{ID: "ada", Tenant: "acme"}, want: problem.QuotaExceeded},
		"a namesake of an issuer":      {principal: &exchange.Principal{ID: "ada", Authority: "https://issuer.example"}, want: problem.QuotaExceeded},
		"denied":                       {principal: &exchange.Principal{ID: "bob", Tenant: "acme"}, want: problem.SenderDenied},
		"denied at an allowed address": {from: "198.51.100.1", principal: &exchange.Principal{ID: "bob", Tenant: "acme"}, want: problem.SenderDenied},
		"denied and allowed":           {principal: &exchange.Principal{ID: "eve"}, want: problem.SenderDenied},
		"denied of an issuer":          {principal: &exchange.Principal{ID: "mal", Authority: "https://issuer.example"}, want: problem.SenderDenied},
		"a namesake of the denied":     {principal: &exchange.Principal{ID: "bob"}, want: problem.QuotaExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			a := ask(t, request{from: tc.from, principal: tc.principal}, h)
			switch {
			case tc.want == nil && !a.passed:
				t.Errorf("%v, want it to pass", a.err)
			case tc.want != nil && a.problemOf(t).Kind != tc.want:
				t.Errorf("%v, want %s", a.err, tc.want.Name)
			}
		})
	}
}

func TestKeysAreListedByLimit(t *testing.T) {
	tenant := Limit{Name: "tenant", Key: "{http.request.header.X-Tenant}", Rate: "1/1m", Allow: []string{"acme", "both"}, Deny: []string{"globex", "both"}}
	network := Limit{Name: "network", Key: "{http.vars.client_ip}", Rate: "100/1m", Deny: []string{"2001:db8::1"}}
	h := newHandler(t, Handler{Limits: []Limit{tenant, network}})
	for name, tc := range map[string]struct {
		tenant, from string
		limits       int // that the request is charged to
		want         *problem.Kind
	}{
		"neither":                       {tenant: "initech", limits: 2},
		"allowed":                       {tenant: "acme", limits: 1},
		"denied":                        {tenant: "globex", want: problem.SenderDenied},
		"both":                          {tenant: "both", want: problem.SenderDenied},
		"in a denied network":           {from: "2001:db8::ffff", want: problem.SenderDenied},
		"an empty key, which is no key": {limits: 2},
	} {
		t.Run(name, func(t *testing.T) {
			a := ask(t, request{from: tc.from, headers: map[string]string{"X-Tenant": tc.tenant}}, h)
			if tc.want != nil {
				if p := a.problemOf(t); p.Kind != tc.want || len(p.RefusedBy) != 1 {
					t.Errorf("%v by %v, want %s", p, p.RefusedBy, tc.want.Name)
				}
				return
			}
			if !a.passed || len(a.x.Limits) != tc.limits {
				t.Errorf("%v, charged to %+v; want %d limits", a.err, a.x.Limits, tc.limits)
			}
		})
	}
}
