// Package bench measures what the gateway costs, beside a plain Caddy in the same run.
package bench

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// plain is Caddy as it comes, with the same TLS and the same upstream.
const plain = `{
	admin {$ODORDIFF_ADMIN}
	persist_config off
	default_bind 127.0.0.1
	http_port {$ODORDIFF_HTTP_PORT}
	https_port {$ODORDIFF_HTTPS_PORT}
	storage file_system {$ODORDIFF_STATE}/caddy
	local_certs
	skip_install_trust
	log {
		level ERROR
	}
}
localhost {
	respond /health/live 200
	reverse_proxy {$ODORDIFF_UPSTREAM}
}
`

// prompts is how many different ones are sent in turn. Prompts repeat in
// life too, but no cache of one element should win this.
const prompts = 256

// BenchmarkGateway sends the same requests through a plain Caddy and through
// the shipped Caddyfile (with limits that are never reached, and its access log
// in a file) to an upstream that costs nothing. The two take turns, so that a busy machine disturbs both alike.
//
//   - latency: one request at a time; an operation is one request to each.
//   - throughput: 32 clients at a time; an operation is one second of each. A
//     gateway that cannot keep up refuses (503); those are counted apart.
func BenchmarkGateway(b *testing.B) {
	binary := build(b)
	upstream := newUpstream(b)
	sides := []*side{
		start(b, binary, "plain", plain, upstream),
		start(b, binary, "full", shipped(b), upstream),
	}
	for _, s := range sides {
		s.warmUp(b)
	}
	b.Run("latency", func(b *testing.B) { latency(b, sides) })
	b.Run("throughput", func(b *testing.B) { throughput(b, sides) })
}

func latency(b *testing.B, sides []*side) {
	took := make([][]time.Duration, len(sides))
	for b.Loop() {
		for i, s := range sides {
			began := time.Now()
			s.mustSend(b)
			took[i] = append(took[i], time.Since(began))
		}
	}
	var medians []float64
	for i, s := range sides {
		slices.Sort(took[i])
		p50, p99 := quantile(took[i], 0.5), quantile(took[i], 0.99)
		b.ReportMetric(p50, s.name+"-p50-µs")
		b.ReportMetric(p99, s.name+"-p99-µs")
		medians = append(medians, p50)
	}
	b.ReportMetric(medians[1]/medians[0], "ratio-p50")
}

// quantile returns the q-quantile of sorted durations, in microseconds.
func quantile(sorted []time.Duration, q float64) float64 {
	i := min(int(q*float64(len(sorted))), len(sorted)-1)
	return float64(sorted[i]) / float64(time.Microsecond)
}

func throughput(b *testing.B, sides []*side) {
	const clients, turn = 32, time.Second
	answered, refused := make([]float64, len(sides)), make([]float64, len(sides))
	rounds := 0
	for b.Loop() {
		rounds++
		for i, s := range sides {
			good, bad := s.flood(b, clients, turn)
			answered[i] += float64(good)
			refused[i] += float64(bad)
		}
	}
	for i, s := range sides {
		b.ReportMetric(answered[i]/float64(rounds)/turn.Seconds(), s.name+"-req/s")
		b.ReportMetric(100*refused[i]/(answered[i]+refused[i]), s.name+"-refused-%")
	}
	b.ReportMetric(answered[1]/answered[0], "ratio-req/s")
}

// flood sends from many clients for a while and returns how many requests were
// answered and refused.
func (s *side) flood(b *testing.B, clients int, d time.Duration) (answered, refused int64) {
	var good, bad atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(d)
	for range clients {
		wg.Go(func() {
			for time.Now().Before(end) {
				switch err := s.send(); {
				case err == nil:
					good.Add(1)
				case errors.Is(err, errRefused):
					bad.Add(1)
				default:
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return good.Load(), bad.Load()
}

// warmUp opens connections and fills what either side fills once.
func (s *side) warmUp(b *testing.B) {
	b.Helper()
	for range 2 * prompts {
		s.mustSend(b)
	}
}

func (s *side) mustSend(b *testing.B) {
	b.Helper()
	if err := s.send(); err != nil {
		b.Fatal(err)
	}
}

// errRefused is a gateway that has too much to do.
var errRefused = errors.New("503")

// send makes one request and reads the whole answer.
func (s *side) send() error {
	body := fmt.Sprintf(`{"prompt": "fresh citrus over wet cedar, take %d", "num_molecules": 5}`, s.sent.Add(1)%prompts)
	req, err := http.NewRequest(http.MethodPost, s.url+"/api/v1/generate", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusServiceUnavailable {
		return fmt.Errorf("%s: %w: %s", s.name, errRefused, answer)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", s.name, resp.Status, answer)
	}
	return nil
}

// newUpstream answers like the backend, at once.
func newUpstream(b *testing.B) *httptest.Server {
	b.Helper()
	answer := []byte(`{"molecules": [` + strings.Repeat(`{"smiles": "CC(=O)OCC1=CC=CC=C1"},`, 40) + `{}]}`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // A client that leaves is no matter of the upstream.
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}))
	b.Cleanup(server.Close)
	return server
}
