package redistest

import (
	"net"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/freeport"
)

const (
	masters = 3
	// slots is how many hash slots a cluster has.
	slots = 16384
)

// Cluster is a Redis Cluster of three masters with a replica each. It needs
// about a second to find that a master is gone, and one more to promote its
// replica.
type Cluster struct {
	// Masters and Replicas are its nodes as they began: replica i follows master i
	// and may be promoted.
	Masters, Replicas []*Server

	t testing.TB
}

// StartCluster starts a cluster and returns when all its slots are served.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	for range masters {
		c.Masters = append(c.Masters, startNode(t))
		c.Replicas = append(c.Replicas, startNode(t))
	}
	first := c.Masters[0]
	_, port, _ := net.SplitHostPort(first.Addr)
	for _, node := range c.nodes()[1:] {
		c.do(node, "cluster", "meet", "127.0.0.1", port, first.busPort)
	}
	share := slots / masters
	for i, master := range c.Masters {
		last := (i+1)*share - 1
		if i == masters-1 {
			last = slots - 1
		}
		c.do(master, "cluster", "addslotsrange", i*share, last)
	}
	for i, replica := range c.Replicas {
		id := c.id(c.Masters[i])
		c.await("a replica knows its master", func() bool {
			return replica.client().Do(t.Context(), "cluster", "replicate", id).Err() == nil
		})
	}
	for _, node := range c.nodes() {
		c.await("every node sees the whole cluster", func() bool {
			info, _ := node.client().ClusterInfo(t.Context()).Result()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:6")
		})
	}
	for _, replica := range c.Replicas {
		c.await("every replica is in step", func() bool {
			info, _ := replica.client().Info(t.Context(), "replication").Result()
			return strings.Contains(info, "master_link_status:up")
		})
	}
	return c
}

// URL is the cluster's address as a redis:// URL.
func (c *Cluster) URL() string {
	var addrs []string
	for _, master := range c.Masters {
		addrs = append(addrs, master.Addr)
	}
	return "redis://" + strings.Join(addrs, ",")
}

// MasterOf returns which of the first masters serves the key: it is i of
// Masters.
func (c *Cluster) MasterOf(key string) (i int) {
	c.t.Helper()
	slot, err := c.Masters[0].client().ClusterKeySlot(c.t.Context(), key).Result()
	if err != nil {
		c.t.Fatal(err)
	}
	return min(int(slot)/(slots/masters), masters-1)
}

// AwaitPromotion waits until the replica i has become a master.
func (c *Cluster) AwaitPromotion(i int) {
	c.t.Helper()
	c.await("the replica is promoted", func() bool {
		info, _ := c.Replicas[i].client().Info(c.t.Context(), "replication").Result()
		return strings.Contains(info, "role:master")
	})
}

// Migrate begins to move the slot of the key from its master i to another,
// which it returns with a function that finishes the move. In between, the keys
// that were moved are at the other one.
func (c *Cluster) Migrate(key string, i int) (to int, finish func()) {
	c.t.Helper()
	slot := c.Masters[0].client().ClusterKeySlot(c.t.Context(), key).Val()
	from, to := c.Masters[i], (i+1)%masters
	target := c.Masters[to]
	c.do(target, "cluster", "setslot", slot, "importing", c.id(from))
	c.do(from, "cluster", "setslot", slot, "migrating", c.id(target))
	host, port, _ := net.SplitHostPort(target.Addr)
	for _, moved := range from.client().ClusterGetKeysInSlot(c.t.Context(), int(slot), 1000).Val() {
		c.do(from, "migrate", host, port, moved, 0, 5000)
	}
	return to, func() {
		c.t.Helper()
		id := c.id(target)
		c.do(target, "cluster", "setslot", slot, "node", id)
		c.do(from, "cluster", "setslot", slot, "node", id)
	}
}

func (c *Cluster) nodes() []*Server {
	return append(append([]*Server(nil), c.Masters...), c.Replicas...)
}

func (c *Cluster) id(node *Server) string {
	c.t.Helper()
	id, err := node.client().Do(c.t.Context(), "cluster", "myid").Text()
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

func (c *Cluster) do(node *Server, command ...any) {
	c.t.Helper()
	if err := node.client().Do(c.t.Context(), command...).Err(); err != nil {
		c.t.Fatalf("%v: %v", command, err)
	}
}

func (c *Cluster) await(what string, happens func() bool) {
	c.t.Helper()
	eventually.True(c.t, what, happens)
}

// startNode starts a node that knows no other.
func startNode(t testing.TB) *Server {
	t.Helper()
	bus := freeport.Get(t)
	node := Start(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "1000",
		"--cluster-replica-validity-factor", "0", "--repl-ping-replica-period", "1")
	node.busPort = bus
	return node
}

// client returns one client for all that a test asks of the server.
func (s *Server) client() *redis.Client {
	if s.own == nil {
		s.own = s.Client()
	}
	return s.own
}
