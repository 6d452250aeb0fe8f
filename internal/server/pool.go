package server

import (
	"database/sql"

	"github.com/prometheus/client_golang/prometheus"
)

// pool collects the state of a database's connections at each scrape.
type pool struct {
	stats   func() sql.DBStats
	metrics []poolMetric
}

// poolMetric is one number of sql.DBStats.
type poolMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(sql.DBStats) float64
}

func newPool(stats func() sql.DBStats) pool {
	metric := func(name, help string, kind prometheus.ValueType, value func(sql.DBStats) float64) poolMetric {
		return poolMetric{prometheus.NewDesc("dealflow_db_connections_"+name, help, nil, nil), kind, value}
	}
	return pool{stats, []poolMetric{
		metric("max", "Connections that the pool may open.", prometheus.GaugeValue,
			func(s sql.DBStats) float64 { return float64(s.MaxOpenConnections) }),
		metric("open", "Connections that are open.", prometheus.GaugeValue,
			func(s sql.DBStats) float64 { return float64(s.OpenConnections) }),
		metric("in_use", "Connections that a statement or a transaction holds.", prometheus.GaugeValue,
			func(s sql.DBStats) float64 { return float64(s.InUse) }),
		metric("waits_total", "Times that somebody waited for a connection.", prometheus.CounterValue,
			func(s sql.DBStats) float64 { return float64(s.WaitCount) }),
		metric("wait_seconds_total", "Time spent waiting for connections.", prometheus.CounterValue,
			func(s sql.DBStats) float64 { return s.WaitDuration.Seconds() }),
	}}
}

// Describe implements prometheus.Collector.
func (p pool) Describe(out chan<- *prometheus.Desc) {
	for _, m := range p.metrics {
		out <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (p pool) Collect(out chan<- prometheus.Metric) {
	stats := p.stats()
	for _, m := range p.metrics {
		out <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(stats))
	}
}
