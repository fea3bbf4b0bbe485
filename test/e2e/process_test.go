package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	// patience bounds every wait; it is long because the machines that run this
	// are slow at times.
	patience = 60 * time.Second
	// tick is how often a condition is looked at.
	tick = 20 * time.Millisecond
)

// process is a running odordiff.
type process struct {
	cmd  *exec.Cmd
	out  *output
	done chan struct{}
	err  error
}

// start runs odordiff with the arguments and stops it when the test ends.
func start(t testing.TB, env []string, args ...string) *process {
	t.Helper()
	return startWith(t, nil, env, args...)
}

// startWith is start for a process that is passed files, from descriptor 3 on.
func startWith(t testing.TB, files []*os.File, env []string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, args...), out: new(output), done: make(chan struct{})}
	p.cmd.ExtraFiles = files
	p.cmd.Env = environment(env)
	p.cmd.Dir = repository
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.stop(t)
		if strings.Contains(p.out.String(), "DATA RACE") {
			t.Error("odordiff has a data race")
		}
		if t.Failed() {
			t.Logf("odordiff %s printed:\n%s", strings.Join(args, " "), p.out)
		}
	})
	return p
}

// environment is this process's, with the additions. The race detector is told
// not to wait for a second at each exit.
func environment(additions []string) []string {
	return append(append(os.Environ(), "GORACE=atexit_sleep_ms=0"), additions...)
}

// stop asks the process to end, as Ctrl-C does, and waits.
func (p *process) stop(t testing.TB) {
	t.Helper()
	p.signal(syscall.SIGINT)
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Error("odordiff did not stop when it was asked to")
		p.kill()
	}
}

// kill ends the process at once.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// signal sends a signal, unless the process has ended.
func (p *process) signal(sig os.Signal) {
	select {
	case <-p.done:
	default:
		_ = p.cmd.Process.Signal(sig) // It may end just now.
	}
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// output collects what a process prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// run runs odordiff to its end and returns what it printed.
func run(t testing.TB, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = environment(env)
	cmd.Dir = repository
	var outBuf, errBuf bytes.Buffer
	cmd.Stdout, cmd.Stderr = &outBuf, &errBuf
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return outBuf.String(), errBuf.String(), cmd.ProcessState.ExitCode()
}
