package freeport

import (
	"net"
	"testing"
)

func TestGetNeverReturnsAPortInUse(t *testing.T) {
	seen := map[string]bool{}
	for range size / 2 {
		port := Get(t)
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
		if port := Get(t); seen[port] {
			t.Fatalf("port %s is in use", port)
		}
	}
}
