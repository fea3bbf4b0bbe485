package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

// BenchmarkPeers sends the requests of the ladder through gateways of others
// and through a few of our rungs. An operation is one round, as in
// [BenchmarkLadder]. The processor time is that of all processes of a gateway,
// also of an OPA or a Redis. `make bench-peers` installs what can be had; the
// table names the rest.
func BenchmarkPeers(b *testing.B) {
	rows := startRows(b, newUpstream(b))
	var running []*climb
	for _, r := range rows {
		if r.climb == nil {
			continue
		}
		if _, err := r.take(*turn / 2); err != nil {
			b.Fatal(err)
		}
		running = append(running, r.climb)
	}
	for b.Loop() {
		playRound(b, running, func(c *climb) error { return c.measure(*turn) })
	}
	fmt.Print("\n", peersTable(rows), "\n")
}

// row is a gateway of the comparison.
type row struct {
	name, does string
	*climb     // nil for one that cannot be had
}

// startRows begins with plain Caddy, with which the others are compared.
func startRows(b *testing.B, upstream *httptest.Server) (rows []*row) {
	b.Helper()
	binary := build(b)
	for _, our := range ours {
		g := start(b, binary, rungNamed(b, our.rung), upstream)
		rows = append(rows, &row{our.rung, our.does, &climb{gateway: g}})
	}
	rows = append(rows, startRedisRow(b, binary, upstream))
	for _, p := range peers {
		if err := p.missing(); err != nil {
			rows = append(rows, &row{p.name, fmt.Sprintf("not measured: %v", err), nil})
			continue
		}
		rows = append(rows, &row{p.name, p.does, &climb{gateway: startPeer(b, p, upstream)}})
	}
	return rows
}

// startRedisRow starts our limits before a Redis, which counts too.
func startRedisRow(b *testing.B, binary string, upstream *httptest.Server) *row {
	b.Helper()
	p := peer{name: redisRung.name, programs: []program{redisServer}}
	if err := p.missing(); err != nil {
		return &row{p.name, fmt.Sprintf("not measured: %v", err), nil}
	}
	s, _ := newPlace(b, p, upstream)
	redis := startProgram(b, new(gateway).connected(connections), redisServer, s)
	g := start(b, binary, redisRung, upstream, "ODORDIFF_REDIS=redis://127.0.0.1:"+s.Second)
	g.leaders = append(g.leaders, redis)
	g.waitUntilRedisCounts(b, "127.0.0.1:"+s.Second)
	return &row{redisRung.name, redisRungDoes, &climb{gateway: g}}
}

// waitUntilRedisCounts sends requests until Redis has a key: while it is down,
// limits are counted in memory.
func (g *gateway) waitUntilRedisCounts(t testing.TB, redis string) {
	t.Helper()
	conn, err := net.Dial("tcp", redis)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if err := g.send(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "DBSIZE\r\n"); err != nil {
			t.Fatal(err)
		}
		keys, err := answers.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if keys != ":0\r\n" {
			return
		}
	}
	t.Fatalf("after %s, Redis has no key", patience)
}

func rungNamed(t testing.TB, name string) rung {
	t.Helper()
	i := slices.IndexFunc(rungs, func(r rung) bool { return r.name == name })
	if i < 0 {
		t.Fatalf("the ladder has no rung %q", name)
	}
	return rungs[i]
}

// peersTable is what docs/operations/peers.md shows: medians over the rounds.
func peersTable(rows []*row) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| gateway\t| CPU µs\t| to plain\t| least to greatest\t| req/s\t| p50 ms\t| p99 ms\t| does\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, r := range rows {
		if r.climb == nil {
			fmt.Fprintf(w, "| %s\t| –\t| –\t| –\t| –\t| –\t| –\t| %s\t|\n", r.name, r.does)
			continue
		}
		least, middle, greatest := r.ratios(rows[0].climb, cpuTimeOf)
		fmt.Fprintf(w, "| %s\t| %.0f\t| %.2f\t| %.2f to %.2f\t| %.0f\t| %.1f\t| %.1f\t| %s\t|\n",
			r.name, r.median(cpuTimeOf), middle, least, greatest, r.median(rateOf),
			r.median(quantileOf(0.5)), r.median(quantileOf(0.99)), r.does)
	}
	_ = w.Flush() // A strings.Builder takes everything.
	return text.String()
}

func TestTheConfigurationOfEachPeerLeadsToTheUpstream(t *testing.T) {
	upstream := newUpstream(t)
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			s, _ := newPlace(t, p, upstream)
			p.configure(t, s)
			var all strings.Builder
			for _, name := range p.configs {
				text, err := os.ReadFile(filepath.Join(s.Dir, name))
				if err != nil {
					t.Fatal(err)
				}
				all.Write(text)
			}
			fmt.Fprint(&all, p.headerAt(t, s))
			if !strings.Contains(all.String(), s.Upstream) {
				t.Errorf("nothing leads to %s in\n%s", s.Upstream, &all)
			}
			if p.algorithm != "" && !strings.Contains(all.String(), s.Secret) && !strings.Contains(all.String(), s.PublicKey) {
				t.Errorf("there is no key for tokens in\n%s", &all)
			}
		})
	}
}

func TestCaddyTakesTheConfigurationThatAsksAnOPA(t *testing.T) {
	i := slices.IndexFunc(peers, func(p peer) bool { return slices.Equal(p.has, []string{"opa"}) })
	s, _ := newPlace(t, peers[i], newUpstream(t))
	peers[i].configure(t, s)
	text, err := os.ReadFile(filepath.Join(s.Dir, "caddy.caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := edgetest.Adapt(string(text)); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestEachRungBesidePeersIsOfTheLadder(t *testing.T) {
	for _, our := range ours {
		rungNamed(t, our.rung)
	}
	if ours[0].rung != rungs[0].name {
		t.Errorf("the comparison begins with %s", ours[0].rung)
	}
}

func TestThePeersTableNamesWhatCannotBeHad(t *testing.T) {
	turnOf := func(cpu time.Duration) []result {
		return []result{{requests: 2, elapsed: time.Second, latencies: []time.Duration{1e6, 3e6}, usage: usage{cpu: cpu}}}
	}
	got := peersTable([]*row{
		{"plain", "forwards", &climb{turns: turnOf(200 * time.Microsecond)}},
		{"absent", "not measured: there is no absent here", nil},
		{"peer", "less", &climb{turns: turnOf(100 * time.Microsecond)}},
	})
	want := `| gateway | CPU µs | to plain | least to greatest | req/s | p50 ms | p99 ms | does                                  |
|---      |---     |---       |---                |---    |---     |---     |---                                    |
| plain   | 100    | 1.00     | 1.00 to 1.00      | 2     | 3.0    | 3.0    | forwards                              |
| absent  | –      | –        | –                 | –     | –      | –      | not measured: there is no absent here |
| peer    | 50     | 0.50     | 0.50 to 0.50      | 2     | 3.0    | 3.0    | less                                  |
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTheTimeOfAProcessIsReadPastItsName(t *testing.T) {
	got, err := parseStat("42 (a) b) 7) S 1 41 41 0 -1 4194304 1 2 3 4 10 20 30 40 20 0 1 0 5 6 7")
	if want := (process{id: 42, group: 41, cpu: time.Second}); err != nil || got != want {
		t.Errorf("got %+v %v, want %+v", got, err, want)
	}
	if _, err := parseStat("42 (a) S 1"); err == nil {
		t.Error("a file that is cut off is taken")
	}
}

func TestTheTimeOfAGroupIsThatOfAllItsProcesses(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "(while :; do :; done) & wait")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // It was killed.
	for {
		// The leader only waits; the other one never stops.
		spent, err := groupTime(cmd.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if spent >= 3*tick {
			return
		}
	}
}
