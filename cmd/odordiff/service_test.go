package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
)

// passed returns a listener's address, and the name of a second descriptor of
// it, as a service manager passes one.
func passed(t *testing.T) (address, name string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return address, fmt.Sprintf("fd/%d", file.Fd())
}

func TestInferServesASocketThatItWasPassed(t *testing.T) {
	address, name := passed(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- newInfer(func(i *infer) { i.listen = name }).run(ctx, new(bytes.Buffer)) }()

	// It waits in the socket's queue until the backend is there.
	response, err := http.Get("http://" + address + "/health/live")
	if err != nil {
		t.Fatal(err)
	}
	if response.Body.Close() != nil || response.StatusCode != http.StatusOK {
		t.Errorf("status %d", response.StatusCode)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWhatWasNotPassedIsNamed(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"fd/three", "fd/-1", "fd/99999", fmt.Sprintf("fd/%d", file.Fd())} {
		if listener, err := listen(address); err == nil || !strings.Contains(err.Error(), address) {
			t.Errorf("%s: listener %v, error %v", address, listener, err)
		}
	}
}
