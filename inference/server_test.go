package inference

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/odordiff/odordiff/inference/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// slowEngine tells when it has begun and answers when it is let go or
// cancelled.
type slowEngine struct {
	began chan struct{}
	done  chan struct{}
}

func (slowEngine) Name() string { return "slow" }

func (s slowEngine) Generate(ctx context.Context, _ engine.Request) (engine.Result, error) {
	s.began <- struct{}{}
	select {
	case <-s.done:
		return engine.Result{}, nil
	case <-ctx.Done():
		return engine.Result{}, ctx.Err()
	}
}

// running is a server on a free port of loopback.
type running struct {
	url    string
	stop   context.CancelFunc
	served chan error
	client *http.Client
}

func serve(t *testing.T, config Config) *running {
	t.Helper()
	server, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r := &running{
		url:    "http://" + listener.Addr().String(),
		stop:   stop,
		served: make(chan error, 1),
		client: &http.Client{Transport: &http.Transport{}},
	}
	go func() { r.served <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		r.client.CloseIdleConnections()
	})
	return r
}

type reply struct {
	status int
	body   string
	err    error
}

func (r *running) post(body string) reply {
	response, err := r.client.Post(r.url+"/api/v1/generate", "application/json", strings.NewReader(body))
	if err != nil {
		return reply{err: err}
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, string(content), err}
}

func (r *running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.served:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("the server does not stop")
		return nil
	}
}

// waitClosed waits until the server takes no more connections.
func (r *running) waitClosed() {
	for {
		connection, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			return
		}
		connection.Close()
	}
}

func TestServeAnswersPromptsAndStops(t *testing.T) {
	r := serve(t, Config{})
	if got := r.post(`{"prompt": "fresh citrus over wet cedar"}`); got.status != http.StatusOK || !strings.Contains(got.body, `"engine":"diffusion"`) {
		t.Errorf("got %+v", got)
	}
	r.stop()
	if err := r.wait(t); err != nil {
		t.Errorf("a stop is no error: %v", err)
	}
	if got := r.post(`{"prompt": "rose"}`); got.err == nil {
		t.Errorf("it answers after the stop: %+v", got)
	}
}

func TestStopLetsPromptsInWorkFinish(t *testing.T) {
	e := slowEngine{make(chan struct{}), make(chan struct{})}
	r := serve(t, Config{Engines: []engine.Engine{e}})
	answer := make(chan reply, 1)
	go func() { answer <- r.post(`{"prompt": "rose"}`) }()
	<-e.began
	r.stop()
	r.waitClosed()
	select {
	case err := <-r.served:
		t.Fatalf("it stopped with a prompt in work: %v", err)
	default:
	}
	close(e.done)
	if got := <-answer; got.status != http.StatusOK {
		t.Errorf("the prompt in work got %+v", got)
	}
	if err := r.wait(t); err != nil {
		t.Error(err)
	}
}

func TestStopCutsPromptsThatOutlastTheGrace(t *testing.T) {
	var log bytes.Buffer
	e := slowEngine{make(chan struct{}), make(chan struct{})}
	r := serve(t, Config{Engines: []engine.Engine{e}, Grace: time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	answer := make(chan reply, 1)
	go func() { answer <- r.post(`{"prompt": "rose"}`) }()
	<-e.began
	r.stop()
	if err := r.wait(t); err != nil {
		t.Error(err)
	}
	if got := <-answer; got.err == nil {
		t.Errorf("the prompt got %+v", got)
	}
	if !strings.Contains(log.String(), "cut off") {
		t.Errorf("log: %s", log.String())
	}
}

func TestServeReportsAListenerThatFails(t *testing.T) {
	server, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(t.Context(), listener); !errors.Is(err, net.ErrClosed) || !strings.Contains(err.Error(), "serving on 127.0.0.1") {
		t.Errorf("error %v", err)
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	for field, config := range map[string]Config{
		"MaxConcurrent": {MaxConcurrent: -1},
		"Timeout":       {Timeout: -time.Second},
	} {
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: error %v does not name it", field, err)
		}
	}
}

func TestDefaults(t *testing.T) {
	c := Config{MaxConcurrent: 3}
	if err := c.setDefaults(); err != nil {
		t.Fatal(err)
	}
	if c.MaxQueued != 384 || c.Timeout != 30*time.Second || c.Grace != 10*time.Second || c.Engines[0].Name() != "diffusion" {
		t.Errorf("%+v", c)
	}
	none := Config{MaxQueued: -1}
	if err := none.setDefaults(); err != nil || none.MaxQueued != 0 || none.MaxConcurrent < 1 {
		t.Errorf("%+v, %v", none, err)
	}
}
