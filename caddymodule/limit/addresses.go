package limit

import "net/netip"

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
