package redistest

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestServerAnswersUntilItIsKilledAndAgainWhenRestarted(t *testing.T) {
	s := Start(t)
	client := s.Client()
	if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Fatal("a killed server answered")
	}
	s.Restart()
	if n, err := client.Exists(t.Context(), "k").Result(); err != nil || n != 0 {
		t.Fatalf("after a restart: %d keys, %v; want an empty server", n, err)
	}
}

func TestPausedServerIsSilentUntilResumed(t *testing.T) {
	s := Start(t)
	if !answers(s.Addr) {
		t.Fatal("no answer from a running server")
	}
	s.Pause()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	done := make(chan bool, 1)
	go func() { done <- answers(s.Addr) }()
	select {
	case <-done:
		t.Fatal("a paused server answered")
	case <-ctx.Done():
	}
	s.Resume()
	if !<-done {
		t.Error("a resumed server did not answer")
	}
}

func TestAProxyDelaysWhatGoesThroughAndCutsIt(t *testing.T) {
	s := Start(t)
	p := StartProxy(t, s.Addr, 20*time.Millisecond)
	client := redis.NewClient(&redis.Options{Addr: p.Addr, MaxRetries: -1})
	defer func() { _ = client.Close() }()
	start := time.Now()
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 20*time.Millisecond {
		t.Errorf("a round trip of 20 ms took %v", took)
	}
	held := client.Conn()
	defer func() { _ = held.Close() }()
	if err := held.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	p.Cut()
	if err := held.Ping(t.Context()).Err(); err == nil {
		t.Error("a cut connection answered")
	}
}

func TestAClusterPromotesAReplicaAndMovesASlot(t *testing.T) {
	c := StartCluster(t)
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{c.Masters[0].Addr}})
	defer func() { _ = client.Close() }()
	const key = "k"
	if err := client.Set(t.Context(), key, "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	owner := c.MasterOf(key)
	_, finish := c.Migrate(key, owner)
	if v, err := client.Get(t.Context(), key).Result(); err != nil || v != "v" {
		t.Errorf("in the middle of the move: %q, %v", v, err)
	}
	finish()
	if v, err := client.Get(t.Context(), key).Result(); err != nil || v != "v" {
		t.Errorf("after the move: %q, %v", v, err)
	}
	c.Masters[owner].Kill()
	c.AwaitPromotion(owner)
}
