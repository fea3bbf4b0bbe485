package gate

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/odordiff/odordiff/internal/problem"
)

// Enter takes a request in, and refuses what would get past every handler behind
// it: a change of protocol, and a request that may be a replay. Each gate
// handler calls it first.
func (a *App) Enter(w http.ResponseWriter, r *http.Request) error {
	ExchangeOf(r)
	if mayBeReplayed(r) {
		return Refuse(w, r, problem.TooEarly.New("Send the request again when the TLS handshake is complete."))
	}
	if refusal := a.CheckUpgrade(r); refusal != nil {
		return Refuse(w, r, refusal)
	}
	return nil
}

// mayBeReplayed reports whether a request came in TLS early data (RFC 8470), here
// or at a proxy before us, and asks for more than to look. Whoever has
// recorded such a request can send it again.
func mayBeReplayed(r *http.Request) bool {
	early := r.TLS != nil && !r.TLS.HandshakeComplete || r.Header.Get("Early-Data") == "1"
	return early && !SafeMethod(r.Method)
}

// SafeMethod reports whether a method only asks to look (RFC 9110, section
// 9.2.1), so that nothing happens twice when its request comes twice.
func SafeMethod(method string) bool {
	switch method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// CheckUpgrade returns the refusal of a request that asks for another protocol
// than those of the option upgrade, or else nil. After the change its
// connection is a tunnel: what goes through it is not authenticated, limited or judged.
func (a *App) CheckUpgrade(r *http.Request) *problem.Problem {
	for _, protocol := range protocols(r) {
		if !slices.ContainsFunc(a.Upgrade, func(named string) bool { return strings.EqualFold(named, protocol) }) {
			return problem.UpgradeRefused.New("The connection stays with HTTP; send the request without Upgrade.")
		}
	}
	return nil
}

// protocols returns what the request asks to change to: by Upgrade, or as
// an extended CONNECT (RFC 8441, RFC 9220). It is "" for a plain CONNECT.
func protocols(r *http.Request) []string {
	if r.Method == http.MethodConnect {
		if r.ProtoMajor == 3 && !strings.HasPrefix(r.Proto, "HTTP/") {
			return []string{r.Proto}
		}
		return []string{r.Header.Get(":protocol")}
	}
	// Without the connection option the field is meant for nobody.
	if !httpguts.HeaderValuesContainsToken(r.Header["Connection"], "upgrade") {
		return nil
	}
	return members(r.Header["Upgrade"])
}

// validateUpgrade refuses what is no protocol's name, and the one that is HTTP itself.
func validateUpgrade(named []string) error {
	for _, protocol := range named {
		switch {
		case strings.EqualFold(protocol, "h2c"):
			return errors.New("h2c: through it any number of requests would pass unjudged; for an upstream that speaks it, write `versions h2c` into its transport")
		case !httpguts.ValidHeaderFieldName(strings.Replace(protocol, "/", "-", 1)):
			return fmt.Errorf("%q is not the name of a protocol, such as websocket", protocol)
		}
	}
	return nil
}
