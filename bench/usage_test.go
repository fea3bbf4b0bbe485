package bench

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// usage is what a process has used since it began.
type usage struct {
	cpu            time.Duration // in user and kernel mode, of all its threads
	objects, bytes float64       // allocated on its heap
}

func (g *gateway) usage() (usage, error) {
	cpu, err := cpuTime(g.process.Pid)
	if err != nil {
		return usage{}, fmt.Errorf("%s: reading its processor time: %w", g.name, err)
	}
	u := usage{cpu: cpu}
	if u.objects, u.bytes, err = g.allocations(); err != nil {
		return usage{}, fmt.Errorf("%s: reading what it allocated: %w", g.name, err)
	}
	return u, nil
}

// tick is the unit of /proc's times: Linux shows all architectures' clocks in
// hundredths of a second.
const tick = 10 * time.Millisecond

func cpuTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the command in parentheses, which may hold anything.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	const user, system = 14 - 3, 15 - 3 // as proc(5) counts, less the first two
	var ticks int64
	for _, i := range []int{user, system} {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
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
