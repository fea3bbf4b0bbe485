package gate

import "github.com/prometheus/client_golang/prometheus"

var overridesInForce = prometheus.NewDesc("gate_limit_overrides",
	"Overrides in force, by limit.", []string{"limit"}, nil)

// overrideCollector reports at each scrape how many overrides are in force for
// each limit of the config.
type overrideCollector struct{ app *App }

// Describe implements prometheus.Collector.
func (overrideCollector) Describe(descs chan<- *prometheus.Desc) { descs <- overridesInForce }

// Collect implements prometheus.Collector.
func (c overrideCollector) Collect(metrics chan<- prometheus.Metric) {
	counts := make(map[string]int)
	for _, l := range c.app.declared.all() {
		counts[l.Limit.Name] = 0
	}
	for _, o := range c.app.liveLimits().Overrides().All() {
		if _, declared := counts[o.Limit]; declared {
			counts[o.Limit]++
		}
	}
	for limit, n := range counts {
		metrics <- prometheus.MustNewConstMetric(overridesInForce, prometheus.GaugeValue, float64(n), limit)
	}
}
