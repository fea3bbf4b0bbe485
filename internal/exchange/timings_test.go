package exchange_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/odordiff/odordiff/internal/exchange"
)

func TestTimesAreToldToWhoMaySeeThem(t *testing.T) {
	for name, c := range map[string]struct {
		time func(x *exchange.Exchange)
		want string
	}{
		"nobody wants to know": {func(*exchange.Exchange) {}, `^$`},
		"not for this client":  {func(x *exchange.Exchange) { x.Time(func() bool { return false }) }, `^$`},
		"for this client":      {func(x *exchange.Exchange) { x.Time(func() bool { return true }) }, `^limit;dur=[0-9.]+, auth;dur=[0-9.]+, total;dur=[0-9.]+$`},
	} {
		t.Run(name, func(t *testing.T) {
			res, _ := serve(t, http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
				x := exchange.New(nil)
				x.Response.Open(w)
				c.time(x)
				x.Timings.Begin("auth")
				x.Timings.Begin("limit") // ends auth
				x.Timings.End()
				x.Timings.End() // does nothing
				x.Timings.Begin("auth")
				x.Response.WriteHeader(http.StatusNoContent) // while it runs
				x.End(exchange.Ending{})
			})
			if got := res.Header.Get("Server-Timing"); !regexp.MustCompile(c.want).MatchString(got) {
				t.Errorf("Server-Timing: %q", got)
			}
		})
	}
}
