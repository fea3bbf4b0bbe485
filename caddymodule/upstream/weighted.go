package upstream

import (
	"math/rand/v2"
	"slices"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// byWeight chooses among the admitted upstreams at random by weight, each
// keeping the weight of its place in the whole pool. An upstream without a
// weight, or with weight 0, is never chosen: it was taken out on purpose.
func byWeight(weights []int, pool, admitted reverseproxy.UpstreamPool) *reverseproxy.Upstream {
	var chosen *reverseproxy.Upstream
	total := 0
	for i, upstream := range pool {
		if i >= len(weights) || weights[i] <= 0 || !slices.Contains(admitted, upstream) || !upstream.Available() {
			continue
		}
		total += weights[i]
		if rand.IntN(total) < weights[i] { //nolint:gosec // weighted reservoir sampling needs no secrecy
			chosen = upstream
		}
	}
	return chosen
}
