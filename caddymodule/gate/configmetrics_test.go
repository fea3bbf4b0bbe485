package gate

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestOnlyAFileThatIsWatchedIsSaidToBeInForceOrNot(t *testing.T) {
	t.Cleanup(func() { configFile.inForce.Store(nil) })
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(configFile)
	values := func() (values []float64) {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			values = append(values, family.GetMetric()[0].GetGauge().GetValue())
		}
		return values
	}
	if got := values(); got != nil {
		t.Errorf("without --watch: %v", got)
	}
	for _, c := range []struct {
		inForce bool
		want    float64
	}{{true, 1}, {false, 0}, {true, 1}} {
		WatchedConfig(c.inForce)
		if got := values(); len(got) != 1 || got[0] != c.want {
			t.Errorf("in force %v: %v", c.inForce, got)
		}
	}
}
