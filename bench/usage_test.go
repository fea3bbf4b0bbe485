package bench

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
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
	resp, err := http.Get(g.admin + "/metrics")
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	found := 0
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		var into *float64
		switch name {
		case "go_memstats_mallocs_total":
			into = &objects
		case "go_memstats_alloc_bytes_total":
			into = &bytes
		default:
			continue
		}
		if *into, err = strconv.ParseFloat(value, 64); err != nil {
			return 0, 0, err
		}
		found++
	}
	if err := lines.Err(); err != nil {
		return 0, 0, err
	}
	if found != 2 {
		return 0, 0, fmt.Errorf("%s/metrics has %d of the two totals", g.admin, found)
	}
	return objects, bytes, nil
}
