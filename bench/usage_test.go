package bench

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// usage is what processes have used since they began.
type usage struct {
	cpu            time.Duration // in user and kernel mode, of all its threads
	objects, bytes float64       // allocated on its heap
}

// usage sums up the gateway's processes. Only ours count what they allocate.
func (g *gateway) usage() (u usage, err error) {
	for _, leader := range g.leaders {
		cpu, err := groupTime(leader)
		if err != nil {
			return usage{}, fmt.Errorf("%s: reading its processor time: %w", g.name, err)
		}
		u.cpu += cpu
	}
	if g.admin == "" {
		return u, nil
	}
	if u.objects, u.bytes, err = g.allocations(); err != nil {
		return usage{}, fmt.Errorf("%s: reading what it allocated: %w", g.name, err)
	}
	return u, nil
}

// groupTime returns the processor time of a process and, if it leads a process
// group, that of all others of the group.
func groupTime(leader int) (total time.Duration, err error) {
	stats, err := filepath.Glob("/proc/[1-9]*/stat")
	if err != nil {
		return 0, err
	}
	found := false
	for _, file := range stats {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // The process has ended meanwhile.
		}
		p, err := parseStat(string(stat))
		if err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		if p.id == leader || p.group == leader {
			total += p.cpu
			found = true
		}
	}
	if !found {
		return 0, fmt.Errorf("there is no process %d", leader)
	}
	return total, nil
}

// process is what /proc says of one.
type process struct {
	id, group int
	// cpu is its time in user and kernel mode, and that of its children that
	// have ended.
	cpu time.Duration
}

// tick is the unit of /proc's times: Linux shows all architectures' clocks in
// hundredths of a second.
const tick = 10 * time.Millisecond

// parseStat reads a file /proc/<id>/stat, whose fields proc(5) counts from 1.
func parseStat(stat string) (process, error) {
	id, _, _ := strings.Cut(stat, " ")
	// The second field is the command in parentheses, which may hold anything.
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const group, firstTime, lastTime = 5 - 3, 14 - 3, 17 - 3
	if len(fields) <= lastTime {
		return process{}, fmt.Errorf("%q has too few fields", stat)
	}
	var values []int
	for _, text := range append([]string{id, fields[group]}, fields[firstTime:lastTime+1]...) {
		value, err := strconv.Atoi(text)
		if err != nil {
			return process{}, err
		}
		values = append(values, value)
	}
	p := process{id: values[0], group: values[1]}
	for _, ticks := range values[2:] {
		p.cpu += time.Duration(ticks) * tick
	}
	return p, nil
}

// allocations asks the admin API, which is there in every rung. Its own answer
// costs some thousand objects, which are lost among those of a round.
func (g *gateway) allocations() (objects, bytes float64, err error) {
	figures, err := g.figures("go_memstats_mallocs_total", "go_memstats_alloc_bytes_total")
	if err != nil {
		return 0, 0, err
	}
	return figures[0], figures[1], nil
}

// figures returns metrics of the process, by their names.
func (g *gateway) figures(names ...string) ([]float64, error) {
	resp, err := http.Get(g.admin + "/metrics")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	values, found := make([]float64, len(names)), 0
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		i := slices.Index(names, name)
		if i < 0 {
			continue
		}
		if values[i], err = strconv.ParseFloat(value, 64); err != nil {
			return nil, err
		}
		found++
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if found != len(names) {
		return nil, fmt.Errorf("%s/metrics has %d of %q", g.admin, found, names)
	}
	return values, nil
}
