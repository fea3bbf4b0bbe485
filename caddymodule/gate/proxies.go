package gate

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// warnOfForgedAddresses names the servers whose clients may choose their own
// address. Most balancers append the address that they see to X-Forwarded-For,
// but Caddy reads the field from the left, where the client may have written an
// address itself.
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
	trusts := trustsProxies(server) || server.TrustedProxiesUnix
	return trusts && server.TrustedProxiesStrict == 0 && readsForwardedFor(server.ClientIPHeaders)
}

// trustsProxies reports whether the server has trusted proxies. Caddy drops the
// JSON of a module that it has loaded and does not export the module, so this
// checks whether the field is filled. The tests of the built binary would
// notice a change.
func trustsProxies(server *caddyhttp.Server) bool {
	loaded := reflect.ValueOf(server).Elem().FieldByName("trustedProxies")
	return len(server.TrustedProxiesRaw) > 0 || loaded.IsValid() && !loaded.IsZero()
}

// readsForwardedFor reports whether the fields are Caddy's default, or include
// the one to which proxies append.
func readsForwardedFor(fields []string) bool {
	return len(fields) == 0 || slices.ContainsFunc(fields, func(field string) bool {
		return strings.EqualFold(field, "X-Forwarded-For")
	})
}
