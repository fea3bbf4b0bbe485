package limit

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/odordiff/odordiff/caddymodule/gate"
)

// declare makes the limits known to operators whose windows they can change.
func (h *Handler) declare(app *gate.App) {
	for i := range h.Limits {
		l := &h.Limits[i]
		if l.InFlight != nil {
			continue
		}
		app.DeclareLimit(gate.DeclaredLimit{
			Limit: l.limit, Key: l.Key, Rate: l.Rate, Algorithm: l.Algorithm, OnError: l.OnError, KeyOf: l.keyOf,
		})
	}
}

// addressKeys are the keys that are the client's address.
var addressKeys = map[string]bool{"{http.vars.client_ip}": true, "{http.request.remote.host}": true}

// keyOf returns the key of a sender's window, as key does for its requests. The
// error does not name the sender.
func (l *Limit) keyOf(who gate.Sender) (string, error) {
	fixed := len(placeholdersIn(l.Key)) == 0
	switch {
	case fixed && who != gate.Sender{} && who != gate.Sender{Key: l.Key}:
		return "", fmt.Errorf("key: the limit %q has one window for all, that of the key %q: name no other", l.Name, l.Key)
	case fixed:
		return "key:" + l.mask(l.blank), nil
	case who.Address != "":
		return l.keyOfAddress(who)
	case who.Key == "":
		return "", fmt.Errorf("key: missing: the limit %q counts by %s: give the value of that, or the hash of a key that the list shows", l.Name, l.Key)
	case l.ofPrincipal:
		return principalKey(who.Issuer, who.Tenant, who.Key), nil
	case who.Tenant != "" || who.Issuer != "":
		return "", fmt.Errorf("tenant, issuer: the limit %q counts by %s, whoever the principal is: leave them out", l.Name, l.Key)
	}
	return "key:" + l.mask(who.Key), nil
}

// keyOfAddress returns the key of an address: that of all requests from it
// where the address is the key, and else that of requests without one.
func (l *Limit) keyOfAddress(who gate.Sender) (string, error) {
	if (who != gate.Sender{Address: who.Address}) {
		return "", errors.New("address: give either the address, or the key with its tenant and issuer")
	}
	if _, err := netip.ParseAddr(who.Address); err != nil {
		return "", errors.New("address: it is not an IP address")
	}
	if addressKeys[l.Key] {
		return "key:" + l.mask(who.Address), nil
	}
	return "address:" + l.mask(who.Address), nil
}
