package limit

import (
	"fmt"
	"net/netip"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// addressList is a set of address ranges.
type addressList []netip.Prefix

func parseAddresses(expressions []string) (addressList, error) {
	repl := caddy.NewReplacer()
	var list addressList
	for _, expression := range expressions {
		expanded, err := repl.ReplaceOrErr(expression, true, true)
		if err != nil {
			return nil, err
		}
		prefix, err := caddyhttp.CIDRExpressionToPrefix(expanded)
		if err != nil {
			return nil, fmt.Errorf("%q is not an address or a range such as 203.0.113.0/24: %w", expanded, err)
		}
		list = append(list, prefix.Masked())
	}
	return list, nil
}

// contain reports whether the address is in one of the ranges. What is not an address is in none.
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
