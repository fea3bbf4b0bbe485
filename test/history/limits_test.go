package history

import (
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/odordiff/odordiff/internal/redistest"
)

var rounds = flag.Int("rounds", 1, "faults in each test, one after another")

// calm is how long clients go on after a fault, so that a window ends without
// one.
const calm = window + time.Second

// binary is the odordiff under test.
var binary string

func TestMain(m *testing.M) { os.Exit(withBinary(m.Run)) }

func withBinary(tests func() int) int {
	dir, err := os.MkdirTemp("", "odordiff-history")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "odordiff")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/odordiff").CombinedOutput(); err != nil {
		panic("building odordiff: " + string(out))
	}
	return tests()
}

// fault breaks something, for a time if it returns how to end it.
type fault struct {
	name  string
	begin func(*stage) (end func())
}

// stage is what faults work on.
type stage struct {
	*world
	server *redistest.Server
	admin  *redis.Client
	proxy  *redistest.Proxy
}

func newStage(t *testing.T, option string) *stage {
	t.Helper()
	// What it was told survives its death.
	server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	proxy := redistest.StartProxy(t, server.Addr, 0)
	return &stage{world: newWorld(t, binary, proxy.URL(), option), server: server, admin: server.Client(), proxy: proxy}
}

// play has clients at work while one fault follows another, each different from
// the one before.
func (s *stage) play(faults []fault) {
	stop := s.load()
	defer stop()
	<-time.After(window) // By then the gateways know of each other.
	var order []fault
	for range *rounds {
		if len(order) == 0 {
			order = slices.Clone(faults)
			rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		f := order[0]
		order = order[1:]
		from := time.Since(s.began)
		if end := f.begin(s); end != nil {
			<-time.After(window / 2)
			end()
		}
		s.awaitRedis()
		s.t.Logf("%s from %v to %v", f.name, from.Round(time.Millisecond), time.Since(s.began).Round(time.Millisecond))
		<-time.After(calm)
	}
}

// do sends Redis a command.
func (s *stage) do(arguments ...any) {
	s.t.Helper()
	if err := s.admin.Do(s.t.Context(), arguments...).Err(); err != nil {
		s.t.Fatalf("%v: %v", arguments, err)
	}
}

// harmless faults take nothing from Redis that it was told.
var harmless = []fault{
	{"the scripts are forgotten", func(s *stage) func() { s.do("SCRIPT", "FLUSH"); return nil }},
	{"connections are cut", func(s *stage) func() { s.proxy.Cut(); return nil }},
	{"the network is slower", func(s *stage) func() {
		s.proxy.SetRoundTrip(5 * time.Millisecond)
		return func() { s.proxy.SetRoundTrip(0) }
	}},
	{"a gateway is killed", func(s *stage) func() {
		g := s.gateways[rand.IntN(gateways)]
		g.kill()
		s.start(g)
		return nil
	}},
	{"the configuration is loaded again and again", func(s *stage) func() {
		for range 5 {
			for _, g := range s.gateways {
				s.reload(g)
			}
		}
		return nil
	}},
}

// outages keep Redis from deciding for a while.
var outages = []fault{
	{"Redis is silent", func(s *stage) func() { s.server.Pause(); return s.server.Resume }},
	{"Redis is killed", func(s *stage) func() { s.server.Kill(); return s.server.Restart }},
	{"Redis is a replica", func(s *stage) func() {
		s.do("REPLICAOF", "127.0.0.1", "1")
		return func() { s.do("REPLICAOF", "NO", "ONE") }
	}},
	{"Redis is full", func(s *stage) func() {
		s.do("CONFIG", "SET", "maxmemory", "1")
		return func() { s.do("CONFIG", "SET", "maxmemory", "0") }
	}},
	{"the network is too narrow", func(s *stage) func() {
		s.proxy.SetBandwidth(2000)
		return func() { s.proxy.SetBandwidth(0) }
	}},
	{"Redis is far too slow", func(s *stage) func() {
		s.proxy.SetRoundTrip(time.Second)
		return func() { s.proxy.SetRoundTrip(0) }
	}},
}

func TestNoWindowEverHoldsMoreThanItsRate(t *testing.T) {
	playHarmless(t, "on_error deny")
}

func TestNoWindowHoldsMoreThanItsRateWhenItIsLeased(t *testing.T) {
	playHarmless(t, "on_error deny\n\t\t\t\tlease 250ms")
}

// playHarmless has a limit under harmless faults. A gateway that cannot ask
// Redis has to refuse.
func playHarmless(t *testing.T, option string) {
	t.Helper()
	s := newStage(t, option)
	record := follow(t, s.server.Addr)
	s.play(harmless)
	for by, all := range map[string][]admission{"the clients": s.admitted, "Redis's record": record.all()} {
		most, begins := fullest(all, window)
		t.Logf("by %s, %d were admitted, and the fullest window holds %d of %d", by, len(all), most, rate)
		if most > rate || most < rate/2 {
			t.Errorf("by %s, the window from %v holds %d, want %d at most and something near it", by, begins, most, rate)
		}
	}
}

func TestTheStatedBoundHoldsWhileRedisIsGone(t *testing.T) {
	s := newStage(t, "on_error local")
	s.play(outages)
	s.checkBound(rate)
}

// checkBound checks that gateways which decide by themselves make a window hold
// no more than 2 - 1/n times the rate, and that one decided by Redis alone
// holds no more than lossless.
func (w *world) checkBound(lossless int64) {
	w.t.Helper()
	const most = rate * (2*gateways - 1) / gateways
	var byRedis []admission
	for _, a := range w.admitted {
		if !a.local {
			byRedis = append(byRedis, a)
		}
	}
	w.t.Logf("%d admitted, %d of them locally", len(w.admitted), len(w.admitted)-len(byRedis))
	for _, c := range []struct {
		who  string
		all  []admission
		most int64
	}{{"all together", w.admitted, most + lossless - rate}, {"Redis", byRedis, lossless}} {
		held, begins := fullest(c.all, window)
		w.t.Logf("%s granted %d in a window, of %d", c.who, held, rate)
		if held > c.most || held < rate/2 {
			w.t.Errorf("%s granted %d in the window from %v, want %d at most and something near it", c.who, held, begins, c.most)
		}
	}
}

// lag is what a replica may lack of the last moments when it is promoted.
const lag = rate / 10

func TestTheBoundHoldsWhenAClustersReplicaIsPromoted(t *testing.T) {
	cluster := redistest.StartCluster(t)
	w := newWorld(t, binary, cluster.URL(), "on_error local")
	w.loseThePrimary(func() {
		i := cluster.MasterOf("{odordiff}:")
		cluster.Masters[i].Kill()
		cluster.AwaitPromotion(i)
	})
	w.checkBound(rate + lag)
}

func TestTheBoundHoldsWhenSentinelsPromoteAReplica(t *testing.T) {
	them := redistest.StartSentinels(t, "")
	w := newWorld(t, binary, them.URL(), "on_error local")
	w.loseThePrimary(func() {
		them.Primary.Kill()
		them.AwaitPromotion()
	})
	w.checkBound(rate + lag)
}

func (w *world) loseThePrimary(lose func()) {
	w.t.Helper()
	stop := w.load()
	defer stop()
	<-time.After(window)
	lose()
	promoted := time.Now()
	w.awaitRedis()
	w.t.Logf("all gateways are back %v after the promotion", time.Since(promoted).Round(time.Millisecond))
	<-time.After(calm)
}
