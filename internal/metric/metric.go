// Package metric has what all metrics of the program share: how they measure
// time, and how they say which build is running.
package metric

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Bounds of a native histogram.
const (
	// growth is how much wider each bucket is than the one before. Whatever a
	// quantile says is right to half of that.
	growth = 1.1
	// maxBuckets is how many buckets a series may have. One that needs more
	// begins anew, at most once in minReset, and else gets wider buckets.
	maxBuckets = 160
	minReset   = time.Hour
)

// Seconds returns the options of a histogram of durations. It is two in one:
// with the given buckets for those who read text, and a native one, whose
// buckets are fine everywhere, for a Prometheus that asks for it.
func Seconds(name, help string, buckets ...float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor:     growth,
		NativeHistogramMaxBucketNumber:  maxBuckets,
		NativeHistogramMinResetDuration: minReset,
	}
}

// BuildInfo returns the metric that says which build is running. The version
// may be empty.
func BuildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "odordiff_build_info",
		Help: "1, with the version of the program, the revision that it was built from, and the version of Go.",
		ConstLabels: prometheus.Labels{
			"version": cmp.Or(version, unknown), "revision": revision(), "goversion": runtime.Version(),
		},
	}, func() float64 { return 1 })
}

// unknown is the label of what a build does not say.
const unknown = "unknown"

// revision returns the commit that the program was built from. A build outside
// of a checkout does not know it.
func revision() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return unknown
	}
	for _, setting := range build.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return unknown
}
