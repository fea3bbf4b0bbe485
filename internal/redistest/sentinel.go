package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/odordiff/odordiff/internal/eventually"
)

const (
	sentinels = 3
	// masterName is what the Sentinels call their primary.
	masterName = "main"
)

// Sentinels are three that watch a primary and its replica. They need about
// half a second to find that the primary is gone.
type Sentinels struct {
	// Primary and Replica are the servers as they began.
	Primary, Replica *Server
	// Them are the Sentinels.
	Them []*Server

	t testing.TB
}

// StartSentinels starts them and returns when each knows the others and the
// replica, which has all that the primary has. The password is the Sentinels'
// own; "" means none.
func StartSentinels(t testing.TB, password string) *Sentinels {
	t.Helper()
	s := &Sentinels{t: t, Primary: Start(t, "--repl-diskless-sync-delay", "0")}
	host, port, _ := net.SplitHostPort(s.Primary.Addr)
	s.Replica = Start(t, "--replicaof", host+" "+port)
	for range sentinels {
		config := fmt.Sprintf("sentinel monitor %s %s %s 2\nsentinel down-after-milliseconds %[1]s 500\nsentinel failover-timeout %[1]s 3000\n",
			masterName, host, port)
		if password != "" {
			config += fmt.Sprintf("requirepass %s\nsentinel sentinel-pass %[1]s\n", password)
		}
		file := filepath.Join(t.TempDir(), "sentinel.conf")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		s.Them = append(s.Them, start(t, file, "--sentinel"))
	}
	eventually.True(t, "the replica is in step", func() bool {
		info, _ := s.Replica.client().Info(t.Context(), "replication").Result()
		return strings.Contains(info, "master_link_status:up")
	})
	for _, one := range s.Them {
		eventually.True(t, "the Sentinel knows the replica and the other Sentinels", func() bool {
			client := redis.NewSentinelClient(&redis.Options{Addr: one.Addr, Password: password})
			defer func() { _ = client.Close() }()
			master, _ := client.Master(t.Context(), masterName).Result()
			return master["num-slaves"] == "1" && master["num-other-sentinels"] == "2"
		})
	}
	return s
}

// URL is the primary's address by its Sentinels, as a redis:// URL.
func (s *Sentinels) URL() string {
	var addrs []string
	for _, one := range s.Them {
		addrs = append(addrs, one.Addr)
	}
	return "redis://" + strings.Join(addrs, ",") + "?master=" + masterName
}

// AwaitPromotion waits until the replica has become the primary.
func (s *Sentinels) AwaitPromotion() {
	s.t.Helper()
	eventually.True(s.t, "the replica is promoted", func() bool {
		info, _ := s.Replica.client().Info(s.t.Context(), "replication").Result()
		return strings.Contains(info, "role:master")
	})
}
