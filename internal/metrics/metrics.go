// Package metrics counts what a service does, for Prometheus.
package metrics

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"lommebok.example/internal/observe"
)

// Metrics are what a service counts, in the form of Prometheus. Labels come from a fixed set of words: routes as they are
// registered, codes of refusals, names of events. Nothing of a person or of what a caller wrote goes into one.
//
//	lommebok_request_seconds{route,method,status}  histogram of durations; route "" is a path that is not there
//	lommebok_refusals_total{code}                  refusals by the code that the caller got
//	lommebok_events_total{event,detail}            what Event counts
//	lommebok_…                                     what Gauge adds
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	events   *prometheus.CounterVec
}

const refusalsTotal = "lommebok_refusals_total"

// New gives metrics that have counted nothing.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "lommebok_request_seconds", Help: "Duration of requests by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method", "status"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: refusalsTotal, Help: "Refusals by the code that the caller got.",
		}, []string{"code"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "lommebok_events_total", Help: "What happened, without who.",
		}, []string{"event", "detail"}),
	}
	m.registry.MustRegister(m.requests, m.refusals, m.events, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Event counts one. Both words are the program's own.
func (m *Metrics) Event(event, detail string) { m.events.WithLabelValues(event, detail).Inc() }

// Count is how often there was what Code says.
type Count struct {
	Code string
	N    int
}

// Refusals are those of this process since it began, the most frequent first.
func (m *Metrics) Refusals() ([]Count, error) {
	families, err := m.registry.Gather()
	if err != nil {
		return nil, err
	}
	var all []Count
	for _, family := range families {
		if family.GetName() != refusalsTotal {
			continue
		}
		for _, one := range family.GetMetric() { // each has one label
			all = append(all, Count{one.GetLabel()[0].GetValue(), int(one.GetCounter().GetValue())})
		}
	}
	slices.SortFunc(all, func(a, b Count) int { return cmp.Or(b.N-a.N, strings.Compare(a.Code, b.Code)) })
	return all, nil
}

// Gauge shows a value that is asked for when somebody looks.
func (m *Metrics) Gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "lommebok_" + name, Help: help}, value))
}

// Handler shows the metrics. Who may see them is the caller's matter.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// Middleware counts each request. It stands before observe.Middleware, which turns a panic into an answer.
func (m *Metrics) Middleware(now func() time.Time) gin.HandlerFunc {
	return func(c *gin.Context) {
		begun := now()
		c.Next()
		method := c.Request.Method
		if !slices.Contains(methods, method) {
			method = "other" // callers make up methods
		}
		m.requests.WithLabelValues(c.FullPath(), method, strconv.Itoa(c.Writer.Status())).Observe(now().Sub(begun).Seconds())
		if code := observe.Refusal(c.Request.Context()); code != "" {
			m.refusals.WithLabelValues(code).Inc()
		}
	}
}
