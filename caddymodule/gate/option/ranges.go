package option

import (
	"net/netip"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// private stands for all private addresses, as it does in Caddy's own options.
const private = "private_ranges"

// Ranges is a [List] of addresses and CIDR ranges.
func Ranges(name string, field *[]string) *Option {
	o := List(name, field, "<ranges...>").Expand().Example("10.0.0.0/8 192.0.2.1").
		Accept("an address, a range such as 10.0.0.0/8 or "+private, func(value string) bool {
			_, err := caddyhttp.CIDRExpressionToPrefix(value)
			return err == nil || value == private
		})
	o.set = func(values []string) {
		*field = nil
		for _, value := range values {
			if value == private {
				*field = append(*field, caddyhttp.PrivateRangesCIDR()...)
				continue
			}
			*field = append(*field, value)
		}
	}
	return o
}

// Prefixes returns the ranges of an option that has been provisioned.
func Prefixes(ranges []string) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, text := range ranges {
		if prefix, err := caddyhttp.CIDRExpressionToPrefix(text); err == nil {
			prefixes = append(prefixes, prefix.Masked())
		}
	}
	return prefixes
}
