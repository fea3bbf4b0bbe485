package job

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/redistest"
)

// gathered returns the figures of a queue; those of a label have its value.
func gathered(t *testing.T, queue Queue) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(Collector{func() Queue { return queue }})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
			}
			values[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return values
}

func TestMetricsSayWhatIsOpen(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, _ := newQueue(t, nil)
		submit(t, q, submission("ada", 3))
		take(t, q, 1)
		got := gathered(t, q.Queue)
		if got["inference_job_items waiting"] != 2 || got["inference_job_items running"] != 1 {
			t.Errorf("metrics %v", got)
		}
	})
	if got := gathered(t, nil); len(got) > 0 {
		t.Errorf("without a queue: %v", got)
	}
}

func TestMetricsSayHowRedisDoes(t *testing.T) {
	server := redistest.Start(t)
	q, _ := newRedisQueue(t, server.Client())
	got := gathered(t, q)
	if got["inference_queue_up"] != 1 || got["inference_queue_connections"] == 0 || got["inference_queue_dials_total"] == 0 {
		t.Errorf("metrics %v", got)
	}
	server.Kill()
	got = gathered(t, q)
	if _, counted := got["inference_job_items waiting"]; counted || got["inference_queue_up"] != 0 {
		t.Errorf("without a server: %v", got)
	}
}
