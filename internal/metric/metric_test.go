package metric

import (
	"runtime"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

func TestAHistogramOfDurationsIsForThoseWhoReadTextAndNative(t *testing.T) {
	histogram := prometheus.NewHistogram(Seconds("some_seconds", "How long.", 0.1, 1))
	for _, took := range []float64{0.010, 0.0101, 0.5} {
		histogram.Observe(took)
	}
	var got dto.Metric
	if err := histogram.Write(&got); err != nil {
		t.Fatal(err)
	}
	h := got.GetHistogram()
	if n := h.GetBucket()[0].GetCumulativeCount(); len(h.GetBucket()) != 2 || n != 2 {
		t.Errorf("buckets %v", h.GetBucket())
	}
	if n := len(h.GetPositiveDelta()); n != 2 || h.GetSchema() != 3 {
		t.Errorf("%d native buckets in schema %d, want 2 in schema 3: %v", n, h.GetSchema(), h)
	}
}

func TestTheBuildSaysItsVersions(t *testing.T) {
	for version, want := range map[string]string{"v1.2.3": "v1.2.3", "": "unknown"} {
		registry := prometheus.NewRegistry()
		registry.MustRegister(BuildInfo(version))
		families, err := registry.Gather()
		if err != nil || len(families) != 1 || len(families[0].GetMetric()) != 1 {
			t.Fatalf("%v, %v", families, err)
		}
		got := map[string]string{}
		for _, label := range families[0].GetMetric()[0].GetLabel() {
			got[label.GetName()] = label.GetValue()
		}
		if got["version"] != want || got["goversion"] != runtime.Version() || got["revision"] == "" {
			t.Errorf("%q: %v", version, got)
		}
	}
}

func TestStatusesAreCountedByTheirClass(t *testing.T) {
	seconds := prometheus.NewHistogramVec(Seconds("some_seconds", "How long.", 1), []string{"status"})
	byClass := NewByClass(func(class string) prometheus.Observer { return seconds.WithLabelValues(class) })
	for status, want := range map[int]string{0: "none", 101: "1xx", 200: "2xx", 308: "3xx", 499: "4xx", 503: "5xx", 999: "5xx"} {
		if got := Class(status); got != want {
			t.Errorf("%d is of %s, want %s", status, got, want)
		}
		if byClass.Of(status) != seconds.WithLabelValues(want) {
			t.Errorf("the observer of %d is not that of %s", status, want)
		}
	}
}

// BenchmarkObserve shows what a native histogram costs beside a classic one.
func BenchmarkObserve(b *testing.B) {
	buckets := []float64{1e-5, 1e-4, 1e-3, 5e-3, .025, .1, .5, 2.5, 10, 60}
	for name, options := range map[string]prometheus.HistogramOpts{
		"classic": {Name: "classic_seconds", Buckets: buckets},
		"native":  Seconds("native_seconds", "", buckets...),
	} {
		b.Run(name, func(b *testing.B) {
			histogram := prometheus.NewHistogram(options)
			took := 0.0001
			b.ReportAllocs()
			for b.Loop() {
				histogram.Observe(took)
				if took *= 1.07; took > 10 {
					took = 0.0001
				}
			}
		})
	}
}
