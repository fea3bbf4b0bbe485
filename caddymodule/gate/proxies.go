package gate

import (
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// warnOfForgedAddresses names the servers whose clients may choose their own
// address: most balancers append to X-Forwarded-For what they have seen, and
// Caddy reads the field from the left, where the client began it.
func warnOfForgedAddresses(servers map[string]*caddyhttp.Server, logger *zap.Logger) {
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		if server := servers[name]; believesClients(server) {
			logger.Warn("a client behind the trusted proxies may choose its own address, if they append to X-Forwarded-For: "+
				"add trusted_proxies_strict beside trusted_proxies",
				zap.String("server", name), zap.Strings("listen", server.Listen))
		}
	}
}

func believesClients(server *caddyhttp.Server) bool {
	trusts := len(server.TrustedProxiesRaw) > 0 || server.TrustedProxiesUnix
	return trusts && server.TrustedProxiesStrict == 0 && readsForwardedFor(server.ClientIPHeaders)
}

// readsForwardedFor reports whether the fields are Caddy's own choice, or have the one
// that proxies append to among them.
func readsForwardedFor(fields []string) bool {
	return len(fields) == 0 || slices.ContainsFunc(fields, func(field string) bool {
		return strings.EqualFold(field, "X-Forwarded-For")
	})
}
