package gate

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// configFile is the state of the configuration's file, where it is watched.
var configFile = &fileCollector{prometheus.NewDesc("gate_config_up_to_date",
	"1 while the watched configuration file is in force, 0 while its newest version is refused; left out where it is not watched.", nil, nil), atomic.Pointer[bool]{}}

// WatchedConfig tells scrapers of the configuration file that is watched: is it
// in force?
func WatchedConfig(inForce bool) { configFile.inForce.Store(&inForce) }

type fileCollector struct {
	desc    *prometheus.Desc
	inForce atomic.Pointer[bool] // nil where nobody watches
}

// Describe implements prometheus.Collector.
func (c *fileCollector) Describe(descs chan<- *prometheus.Desc) { descs <- c.desc }

// Collect implements prometheus.Collector.
func (c *fileCollector) Collect(metrics chan<- prometheus.Metric) {
	inForce := c.inForce.Load()
	if inForce == nil {
		return
	}
	value := 0.0
	if *inForce {
		value = 1
	}
	metrics <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, value)
}
