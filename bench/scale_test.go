package bench

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkScaleLimits shows how the cost of a request grows with the limits
// that it is charged to.
func BenchmarkScaleLimits(b *testing.B) {
	for _, n := range []int{1, 2, 4, 8, 16, 32, 64} {
		b.Run(fmt.Sprintf("limits=%d", n), func(b *testing.B) {
			c := startChain(b, rung{name: "limits", own: limits(n), field: "RateLimit"})
			b.ReportAllocs()
			for b.Loop() {
				c.send(b)
			}
		})
	}
}

// limits returns handlers with so many limits; one may have 32.
func limits(n int) string {
	var text strings.Builder
	for done := 0; done < n; {
		text.WriteString("gate_limit {\n")
		for range min(n-done, 32) {
			fmt.Fprintf(&text, "limit l%d {\nkey {client_ip}\nrate 100000000/1m\n}\n", done)
			done++
		}
		text.WriteString("}\n")
	}
	return text.String()
}

// BenchmarkScaleBodies shows how the cost of a request grows with its body, for
// plain Caddy and for the store of stale answers, which reads bodies as JSON.
func BenchmarkScaleBodies(b *testing.B) {
	for _, name := range []string{"plain Caddy", "stale store"} {
		for _, size := range []int{64, 1 << 10, 16 << 10, 256 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("%s/bytes=%d", strings.Map(dashed, name), size), func(b *testing.B) {
				c := startChain(b, rungNamed(b, name))
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					c.sent++
					text := fmt.Sprintf(`{"number": %d, "prompt": "`, c.sent)
					c.sendBody(b, text+strings.Repeat("x", max(0, size-len(text)-2))+`"}`, c.token)
				}
			})
		}
	}
}

// BenchmarkScalePrincipals shows how the cost of a request grows with the
// principals that take turns, each with a token of its own. The cache of tokens
// holds 4,096.
func BenchmarkScalePrincipals(b *testing.B) {
	for _, n := range []int{1, 100, 4000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("principals=%d", n), func(b *testing.B) {
			c := startChain(b, rungNamed(b, "JWT, cached"))
			tokens := make([]string, n)
			for i := range tokens {
				tokens[i] = mint(b, c.state, fmt.Sprintf("user-%d", i))
			}
			b.ReportAllocs()
			for b.Loop() {
				c.sent++
				c.sendBody(b, body(c.sent), tokens[c.sent%uint64(n)])
			}
		})
	}
}

// BenchmarkScaleConnections shows how the processor time of a request grows
// with the connections that send at a time.
func BenchmarkScaleConnections(b *testing.B) {
	binary, upstream := build(b), newUpstream(b)
	for _, r := range ends() {
		g := start(b, binary, r, upstream)
		for _, n := range []int{1, 10, 100, 1000, 5000} {
			b.Run(fmt.Sprintf("%s/connections=%d", strings.Map(dashed, r.name), n), func(b *testing.B) {
				c := &climb{gateway: g.connected(n)}
				for b.Loop() {
					if err := c.measure(*turn); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(c.median(cpuTimeOf), "cpu-µs/req")
				b.ReportMetric(g.resident(b)/1e6, "MB")
				g.client.CloseIdleConnections()
			})
		}
	}
}
