package limit

import (
	"net/netip"
	"slices"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
)

// The lists, as the configuration and metrics name them.
const (
	allowList = "allow"
	denyList  = "deny"
)

// Principal puts one principal on a list. Equal ids of two tenants, or of two
// issuers, are two principals.
type Principal struct {
	// The principal's id, as {http.auth.user.id} has it.
	ID string `json:"id"`

	// What becomes of the principal's requests: allow means that no limit applies
	// to them, deny that they are refused.
	List string `json:"list"`

	// The tenant that the principal is of. Default: none.
	Tenant string `json:"tenant,omitempty"`

	// Who vouches for the principal: the issuer of a token whose key is in a JWKS
	// file, or the name of another provider. Default: the keyring.
	Authority string `json:"authority,omitempty"`
}

// denyAnyPrincipal reports whether a principal is denied.
func (h *Handler) denyAnyPrincipal() bool {
	return slices.ContainsFunc(h.Principals, func(p Principal) bool { return p.List == denyList })
}

// lists reports whether the principal is on a list. Nobody is not.
func (h *Handler) lists(list string, who *exchange.Principal) bool {
	return who != nil && slices.ContainsFunc(h.Principals, func(p Principal) bool {
		return p.List == list && p.ID == who.ID && p.Tenant == who.Tenant && p.Authority == who.Authority
	})
}

// addressList is a set of address ranges.
type addressList []netip.Prefix

// contain reports whether the address is in one of the ranges. A text that is
// not an address is in none.
func (l addressList) contain(address string) bool {
	if len(l) == 0 {
		return false
	}
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	addr = addr.Unmap().WithZone("")
	for _, prefix := range l {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// denied returns the refusal of a sender that is on a list of those who are
// denied, or nil.
func (h *Handler) denied(x *exchange.Exchange) *problem.Problem {
	switch {
	case h.deny.contain(x.ClientIP):
		listed.WithLabelValues(denyList, "address").Inc()
		return problem.AddressDenied.New("")
	case h.lists(denyList, x.Principal):
		listed.WithLabelValues(denyList, "principal").Inc()
		return problem.SenderDenied.New("")
	}
	return nil
}

// exempt reports whether no limit applies to the sender.
func (h *Handler) exempt(x *exchange.Exchange) bool {
	switch {
	case h.allow.contain(x.ClientIP):
		listed.WithLabelValues(allowList, "address").Inc()
		return true
	case h.lists(allowList, x.Principal):
		listed.WithLabelValues(allowList, "principal").Inc()
		return true
	}
	return false
}

// lists reports whether a list of the limit's keys has that of the request. An
// address stands for all that share its window.
func (l *Limit) lists(list []string, repl *caddy.Replacer) bool {
	if len(list) == 0 {
		return false
	}
	key := l.expand(repl)
	return key != l.blank && slices.Contains(list, l.mask(key))
}

// maskAll returns the keys of a list as those of requests are compared.
func (l *Limit) maskAll(list []string) []string {
	var masked []string
	for _, key := range list {
		masked = append(masked, l.mask(key))
	}
	return masked
}
