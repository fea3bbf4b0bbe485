package freeport

import (
	"net"
	"testing"
)

func TestTakeNeverReturnsAPortInUse(t *testing.T) {
	seen := map[string]bool{}
	for range size / 2 {
		port := Take(t)
		if seen[port] {
			t.Fatalf("port %s was returned twice", port)
		}
		seen[port] = true
		listener, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
	}
	for range size {
		if port := Take(t); seen[port] {
			t.Fatalf("port %s is in use", port)
		}
	}
}
