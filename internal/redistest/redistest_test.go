package redistest

import (
	"context"
	"testing"
	"time"
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
