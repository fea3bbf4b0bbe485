package upstream

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/breaker"
	"github.com/odordiff/odordiff/internal/healthcheck"
)

// gathered returns the samples of the collectors by metric and labels.
func gathered(t *testing.T, collectors ...prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collectors...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	samples := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			name := family.GetName()
			for _, label := range metric.GetLabel() {
				name += " " + label.GetValue()
			}
			samples[name] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
		}
	}
	return samples
}

func TestMetricsShowEachBreaker(t *testing.T) {
	opened := gathered(t, transitions)["gate_breaker_transitions_total metrics/down:1 open"]
	breakers := breaker.NewRegistry()
	breakers.Observe(breaker.Observer{Changed: observe, Forgotten: forget})
	states.watch(breakers)
	t.Cleanup(func() { states.watch(nil) })
	breakers.Group("", breaker.Settings{}).Breaker("up:1")
	breakers.Group("metrics", breaker.Settings{TripAfter: 1}).Breaker("down:1").Allow().Failure(nil)

	samples := gathered(t, states, transitions)
	for name, want := range map[string]float64{
		"gate_breaker_state up:1":                            0,
		"gate_breaker_state metrics/down:1":                  2,
		"gate_breaker_transitions_total metrics/down:1 open": opened + 1,
	} {
		if got, ok := samples[name]; !ok || got != want {
			t.Errorf("%s = %v, %v; want %v", name, got, ok, want)
		}
	}
}

func TestABreakerThatIsGoneLeavesNoSeries(t *testing.T) {
	breakers := breaker.NewRegistry()
	breakers.Observe(breaker.Observer{Changed: observe, Forgotten: forget})
	states.watch(breakers)
	t.Cleanup(func() { states.watch(nil) })
	group := breakers.Group("", breaker.Settings{TripAfter: 1})
	group.Hold("removed:1")
	group.Breaker("removed:1").Allow().Failure(nil)
	group.Close()
	for name := range gathered(t, states, transitions) {
		if strings.Contains(name, "removed:1") {
			t.Errorf("left: %s", name)
		}
	}
}

func TestNoBreakersNoStates(t *testing.T) {
	states.watch(nil)
	if samples := gathered(t, states); len(samples) != 0 {
		t.Errorf("samples %v", samples)
	}
}

func TestAnOpenBreakerDegradesTheHealth(t *testing.T) {
	breakers := breaker.NewRegistry()
	run := func() string {
		result := check(breakers).Run(t.Context())
		return fmt.Sprint(result.Status == healthcheck.Degraded, " ", result.Detail, " ", len(result.Data))
	}
	if got := run(); got != "false 0 closed 0" {
		t.Errorf("without breakers: %s", got)
	}
	breakers.Group("", breaker.Settings{}).Breaker("up:1")
	breakers.Group("", breaker.Settings{TripAfter: 1}).Breaker("down:1").Fail(nil)
	if got := run(); got != "true down:1 is open 2" {
		t.Errorf("with one open: %s", got)
	}
	if check(breakers).Critical {
		t.Error("an open breaker takes the whole gateway out")
	}
}
