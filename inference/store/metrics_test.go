package store

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func gathered(t *testing.T, s *Store) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(Collector{func() *Store { return s }})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		m := family.GetMetric()[0]
		values[family.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	return values
}

func TestMetricsSayHowTheStoreDoes(t *testing.T) {
	s := open(t, fresh(t), nil)
	notes(t, s)
	got := gathered(t, s)
	if got["inference_store_up"] != 1 || got["inference_store_reads_total"] != 1 || got["inference_store_writes_total"] != 1 || got["inference_store_bytes"] == 0 {
		t.Errorf("metrics %v", got)
	}
	if got := gathered(t, nil); len(got) != 1 || got["inference_store_up"] != 0 {
		t.Errorf("without a store: %v", got)
	}
}
