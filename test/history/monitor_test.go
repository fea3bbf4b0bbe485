package history

import (
	"bufio"
	"math"
	"net"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"
)

// monitor follows what a Redis does by its MONITOR command, which has the
// server's own times.
type monitor struct {
	done    sync.WaitGroup
	mu      sync.Mutex
	charges []admission
}

// A line tells when the script adds to a bucket of a window:
//
//	1796096029.107412 [0 lua] "HINCRBY" "{odordiff}:shared:HASH" "17" "1"
var chargeLine = regexp.MustCompile(`^\+(\d+\.\d+) \[\d+ lua\] "HINCRBY" "(\{odordiff\}:shared:[^"]+)" "\d+" "(-?\d+)"`)

// follow collects the charges until the server or the test ends.
func follow(t *testing.T, addr string) *monitor {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	m := new(monitor)
	if _, err := conn.Write([]byte("MONITOR\r\n")); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(conn)
	if !lines.Scan() || lines.Text() != "+OK" {
		t.Fatalf("MONITOR: %q, %v", lines.Text(), lines.Err())
	}
	m.done.Go(func() {
		for lines.Scan() {
			m.add(lines.Text())
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		m.done.Wait()
	})
	return m
}

func (m *monitor) add(line string) {
	part := chargeLine.FindStringSubmatch(line)
	if part == nil {
		return
	}
	seconds, _ := strconv.ParseFloat(part[1], 64)
	cost, _ := strconv.ParseInt(part[3], 10, 64)
	at := time.Duration(math.Round(seconds*1e6)) * time.Microsecond
	m.mu.Lock()
	defer m.mu.Unlock()
	m.charges = append(m.charges, admission{key: part[2], sent: at, answered: at, cost: cost})
}

func (m *monitor) all() []admission {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.charges
}
