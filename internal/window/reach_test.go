package window

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/certtest"
	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/freeport"
	"github.com/odordiff/odordiff/internal/redisconn"
	"github.com/odordiff/odordiff/internal/redistest"
)

// newStoreAt returns a store at the URL. It has time, for machines that are
// busy.
func newStoreAt(t *testing.T, url string) *Redis {
	t.Helper()
	parameters := "?"
	if strings.Contains(url, "?") {
		parameters = "&"
	}
	client, err := redisconn.Open(url+parameters+"dial_timeout=5s", 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	store := newRedis(t, client)
	t.Cleanup(func() { _ = client.Close() })
	return store
}

func TestLimitsAreDecidedOverEveryWayToRedis(t *testing.T) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	authority := certtest.New(t)
	authority.Write(t, in("ca.pem"))
	certtest.WritePair(t, authority.Server(t), in("server.pem"), in("server.key"))
	certtest.WritePair(t, authority.Client(t, "gateway", time.Now().Add(time.Hour)), in("client.pem"), in("client.key"))
	encrypted := func(clients string) string {
		port := freeport.Get(t)
		redistest.Start(t, "--tls-port", port, "--tls-auth-clients", clients,
			"--tls-ca-cert-file", in("ca.pem"), "--tls-cert-file", in("server.pem"), "--tls-key-file", in("server.key"))
		return "rediss://127.0.0.1:" + port + "?tls_ca=" + in("ca.pem")
	}
	socket := in("redis.sock")
	redistest.Start(t, "--unixsocket", socket)
	for name, url := range map[string]string{
		"a password":        "redis://:pw@" + redistest.Start(t, "--requirepass", "pw").Addr,
		"TLS":               encrypted("no"),
		"mTLS":              encrypted("yes") + "&tls_cert=" + in("client.pem") + "&tls_key=" + in("client.key"),
		"a Unix socket":     "unix://" + socket,
		"Sentinels":         redistest.StartSentinels(t, "").URL(),
		"guarded Sentinels": redistest.StartSentinels(t, "pw").URL() + "&sentinel_password=pw",
		"a cluster":         redistest.StartCluster(t).URL(),
		"the old protocol":  redistest.Start(t).URL() + "?protocol=2",
	} {
		t.Run(name, func(t *testing.T) {
			store := newStoreAt(t, url)
			charge := Charge{perMinute("l", 2), "k", 1}
			for i, want := range []bool{true, true, false} {
				if got := decide(t, store, charge); got.Allowed != want {
					t.Errorf("decision %d: allowed %v, want %v", i+1, got.Allowed, want)
				}
			}
		})
	}
}

func TestAServerThatAsksForACertificateRefusesAStranger(t *testing.T) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	authority := certtest.New(t)
	authority.Write(t, in("ca.pem"))
	certtest.WritePair(t, authority.Server(t), in("server.pem"), in("server.key"))
	port := freeport.Get(t)
	redistest.Start(t, "--tls-port", port,
		"--tls-ca-cert-file", in("ca.pem"), "--tls-cert-file", in("server.pem"), "--tls-key-file", in("server.key"))
	for url, want := range map[string]string{
		"rediss://127.0.0.1:" + port + "?tls_ca=" + in("ca.pem"): "certificate required",
		"rediss://127.0.0.1:" + port:                             "unknown authority",
	} {
		err := newStoreAt(t, url).Connect(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestLimitsFollowSentinelsToTheNewPrimary(t *testing.T) {
	them := redistest.StartSentinels(t, "")
	shared := newStoreAt(t, them.URL())
	store := NewFailover(shared, NewMemory(MemoryOptions{}), FailoverOptions{})
	t.Cleanup(func() { _ = store.Close() })
	charge := Charge{hourly("l", 1_000_000, Local), "k", 1}
	eventually.True(t, "the primary decides", func() bool { return decidedInRedis(t, store, charge) })
	them.Primary.Kill()
	them.AwaitPromotion()
	promoted := time.Now()
	eventually.True(t, "the new primary decides", func() bool { return decidedInRedis(t, store, charge) })
	t.Logf("back %v after the promotion", time.Since(promoted).Round(time.Millisecond))
}
