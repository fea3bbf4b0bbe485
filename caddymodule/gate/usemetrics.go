package gate

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/offheap"
)

// How full is what has a bound.
var (
	slotLabels   = []string{"kind", "per_address", "total"}
	slotsBound   = prometheus.NewDesc("gate_slots", "Slots of gate_connections and gate_capacity that there are in all, by kind and bounds.", slotLabels, nil)
	slotsHeld    = prometheus.NewDesc("gate_slots_held", "Slots that are taken.", slotLabels, nil)
	slotsWaiting = prometheus.NewDesc("gate_slots_waiting", "Requests that wait for a slot.", slotLabels, nil)

	limitLabel       = []string{"limit"}
	windows          = prometheus.NewDesc("gate_limit_windows", "Keys of limits that are kept in this process.", limitLabel, nil)
	windowsBound     = prometheus.NewDesc("gate_limit_windows_bound", "Keys that may be kept.", limitLabel, nil)
	windowsForgotten = prometheus.NewDesc("gate_limit_windows_forgotten_total", "Keys that were dropped for want of room while they still counted.", limitLabel, nil)
	nonces           = prometheus.NewDesc("gate_nonces", "Nonces of signatures that are kept in this process.", nil, nil)
	noncesBound      = prometheus.NewDesc("gate_nonces_bound", "Nonces that may be kept; beyond them signatures are refused.", nil, nil)
	offheapBytes     = prometheus.NewDesc("gate_offheap_bytes", "Memory that is reserved beside that of Go, for the answers that gate_fallback keeps.", nil, nil)
)

// useCollector reports at each scrape how full is what an app's modules share.
type useCollector struct{ app *App }

// Describe implements prometheus.Collector.
func (useCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		slotsBound, slotsHeld, slotsWaiting, windows, windowsBound, windowsForgotten, nonces, noncesBound, offheapBytes,
	} {
		descs <- desc
	}
}

// Collect implements prometheus.Collector.
func (c useCollector) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value int, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), labels...)
	}
	for key, shared := range c.app.slots {
		use, bounds := shared.Use(), shared.Bounds()
		labels := []string{key.kind, strconv.Itoa(bounds.Each), strconv.Itoa(bounds.All)}
		gauge(slotsBound, bounds.All, labels...)
		gauge(slotsHeld, use.Held, labels...)
		gauge(slotsWaiting, use.Waiting, labels...)
	}
	for limit, use := range c.app.limitUse() {
		gauge(windows, use.Keys, limit)
		gauge(windowsBound, use.Bound, limit)
		metrics <- prometheus.MustNewConstMetric(windowsForgotten, prometheus.CounterValue, float64(use.Forgotten), limit)
	}
	gauge(nonces, c.app.process.nonces.Len())
	gauge(noncesBound, c.app.process.nonces.Capacity())
	gauge(offheapBytes, int(offheap.Reserved()))
}
