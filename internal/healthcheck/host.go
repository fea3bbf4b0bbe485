package healthcheck

import (
	"context"
	"fmt"
	"runtime"

	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
)

// Thresholds are the values from which on a figure counts as degraded or
// failed. Greater figures are worse. A threshold of 0 is never reached.
type Thresholds struct {
	Degraded, Failed float64
}

// Judge returns the status of a figure.
func (t Thresholds) Judge(figure float64) Status {
	switch {
	case t.Failed > 0 && figure >= t.Failed:
		return Failed
	case t.Degraded > 0 && figure >= t.Degraded:
		return Degraded
	}
	return OK
}

// Disk is a check of the file system that holds path. The thresholds are
// percentages in use (0 to 100), as an unprivileged user sees them.
func Disk(path string, used Thresholds) Func {
	return func(ctx context.Context) Result {
		usage, err := disk.UsageWithContext(ctx, path)
		if err != nil {
			return unmeasured("disk", err)
		}
		return Result{
			Status: used.Judge(usage.UsedPercent),
			Detail: fmt.Sprintf("%.1f%% of the disk is in use", usage.UsedPercent),
			Data:   map[string]any{"used_percent": usage.UsedPercent, "free_bytes": usage.Free},
		}
	}
}

// Memory is a check of the host's memory. The thresholds are percentages in use
// (0 to 100), without caches that can be dropped.
func Memory(used Thresholds) Func {
	return func(ctx context.Context) Result {
		memory, err := mem.VirtualMemoryWithContext(ctx)
		if err != nil {
			return unmeasured("memory", err)
		}
		return Result{
			Status: used.Judge(memory.UsedPercent),
			Detail: fmt.Sprintf("%.1f%% of the memory is in use", memory.UsedPercent),
			Data:   map[string]any{"used_percent": memory.UsedPercent, "available_bytes": memory.Available},
		}
	}
}

// Load is a check of the host's load. The thresholds are the five-minute load
// average per CPU: from 1 on, work is waiting.
func Load(perCPU Thresholds) Func {
	return func(ctx context.Context) Result {
		average, err := load.AvgWithContext(ctx)
		if err != nil {
			return unmeasured("load", err)
		}
		figure := average.Load5 / float64(runtime.NumCPU())
		return Result{
			Status: perCPU.Judge(figure),
			Detail: fmt.Sprintf("the load is %.2f per CPU", figure),
			Data:   map[string]any{"load5_per_cpu": figure},
		}
	}
}

// unmeasured is the result when the host does not provide a figure. That
// concerns the operator, not the clients.
func unmeasured(what string, err error) Result {
	return Result{Status: Degraded, Detail: fmt.Sprintf("measuring the %s: %v", what, err)}
}
