package bench

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

var (
	profiled = flag.String("rung", "", "the rung of the ladder that BenchmarkProfile looks into, such as three-limits")
	profiles = flag.String("profiles", "", "the directory to which BenchmarkProfile writes cpu.pprof and plain.pprof")
)

// BenchmarkProfile shows where a rung allocates more than plain Caddy, by
// function, and writes a CPU profile of each. Of plain Caddy itself, it shows
// all that it allocates. Use it by `make profile`, which
// sets -test.memprofilerate=1: with any other rate it sees only a sample.
func BenchmarkProfile(b *testing.B) {
	if *profiled == "" {
		b.Skip("no -rung was given")
	}
	i := slices.IndexFunc(rungs, func(r rung) bool { return strings.Map(dashed, r.name) == *profiled })
	if i < 0 {
		b.Fatalf("there is no rung %q", *profiled)
	}
	if i == 0 {
		fmt.Println(spent(profile(b, rungs[0], "cpu.pprof"), nil))
		return
	}
	plain := profile(b, rungs[0], "plain.pprof")
	fmt.Println(spent(profile(b, rungs[i], "cpu.pprof"), plain))
}

// sites are the objects and bytes that a request allocates, by where.
type sites map[site]allocated

// site is a function that allocates, and the nearest of its callers (or itself)
// that belongs to Caddy or to the gateway.
type site struct{ function, owner string }

type allocated struct{ objects, bytes float64 }

// profile sends requests through a rung.
func profile(b *testing.B, r rung, file string) sites {
	const requests = 2000
	var found sites
	b.Run(strings.Map(dashed, r.name), func(b *testing.B) {
		c := startChain(b, r)
		before := allocations()
		for range requests {
			c.send(b)
		}
		found = allocations()
		for at, a := range before {
			found[at] = allocated{found[at].objects - a.objects, found[at].bytes - a.bytes}
		}
		for at, a := range found {
			found[at] = allocated{a.objects / requests, a.bytes / requests}
		}
		if *profiles != "" {
			c.profileCPU(b, 20*requests, filepath.Join(*profiles, file))
		}
		for b.Loop() {
			c.send(b)
		}
	})
	return found
}

func (c *chain) profileCPU(b *testing.B, requests int, path string) {
	b.Helper()
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	if err := pprof.StartCPUProfile(file); err != nil {
		b.Fatal(err)
	}
	defer pprof.StopCPUProfile()
	for range requests {
		c.send(b)
	}
}

// allocations returns what the process has allocated so far.
func allocations() sites {
	runtime.GC() // publishes the profile, in two cycles
	runtime.GC()
	records := make([]runtime.MemProfileRecord, 1<<12)
	n, complete := runtime.MemProfile(records, true)
	for !complete {
		records = make([]runtime.MemProfileRecord, n+n/4)
		n, complete = runtime.MemProfile(records, true)
	}
	all := sites{}
	for _, record := range records[:n] {
		at := siteOf(record.Stack())
		if strings.HasPrefix(at.owner, "bench.") {
			continue // what we allocate ourselves
		}
		a := all[at]
		all[at] = allocated{a.objects + float64(record.AllocObjects), a.bytes + float64(record.AllocBytes)}
	}
	return all
}

func siteOf(stack []uintptr) site {
	frames := runtime.CallersFrames(stack)
	var at site
	for {
		frame, more := frames.Next()
		if at.function == "" && !strings.HasPrefix(frame.Function, "runtime.") {
			at.function = short(frame.Function)
		}
		if strings.HasPrefix(frame.Function, "github.com/odordiff/") || strings.HasPrefix(frame.Function, "github.com/caddyserver/") {
			at.owner = short(frame.Function)
			return at
		}
		if !more {
			return at
		}
	}
}

// short returns a function's name without the path of its package's module.
func short(function string) string {
	function = strings.TrimPrefix(function, "github.com/odordiff/odordiff/")
	return strings.TrimPrefix(function, "github.com/caddyserver/caddy/v2/")
}

// spent returns a table of what one has beyond the other, the most first.
func spent(all, plain sites) string {
	differences := maps.Clone(all)
	for at, a := range plain {
		differences[at] = allocated{all[at].objects - a.objects, all[at].bytes - a.bytes}
	}
	const worthALine = 0.05
	var total allocated
	var order []site
	for at, d := range differences {
		total.objects, total.bytes = total.objects+d.objects, total.bytes+d.bytes
		if d.objects > worthALine || d.objects < -worthALine {
			order = append(order, at)
		}
	}
	slices.SortFunc(order, func(a, b site) int { return cmp.Compare(differences[b].objects, differences[a].objects) })
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "objects\tbytes\tallocated by\tfor\n%.1f\t%.0f\tall\t\n", total.objects, total.bytes)
	for _, at := range order {
		fmt.Fprintf(w, "%.1f\t%.0f\t%s\t%s\n", differences[at].objects, differences[at].bytes, at.function, at.owner)
	}
	_ = w.Flush() // A strings.Builder takes everything.
	return text.String()
}
