package server

import (
	"log/slog"
	"strings"
	"time"

	"lommebok.example/internal/metrics"
)

// alarms are how long before its end a certificate is told of, once each.
var alarms = []time.Duration{30 * day, 14 * day, 7 * day}

// ends are when the certificates in use end, by purpose.
func (t *trust) ends() map[string]time.Time {
	ends := map[string]time.Time{purposeRoot: t.Root.NotAfter}
	for _, l := range leaves {
		ends[l.purpose] = t.identity(l.purpose).Chain[0].NotAfter
	}
	return ends
}

// measure shows the ends as metrics, in Unix seconds.
func (t *trust) measure(m *metrics.Metrics) {
	for purpose := range t.ends() {
		name := "certificate_" + strings.ReplaceAll(purpose, "-", "_") + "_end_seconds"
		m.Gauge(name, "When the certificate in use ends.", func() float64 { return float64(t.ends()[purpose].Unix()) })
	}
}

// watchEnds warns of a certificate that comes near its end, once for each of the alarms. told is kept between calls.
func (t *trust) watchEnds(log *slog.Logger, told map[string]time.Duration) {
	for purpose, end := range t.ends() {
		left, due := end.Sub(t.cfg.now()), time.Duration(0)
		for _, a := range alarms {
			if left <= a {
				due = a
			}
		}
		if due == 0 {
			delete(told, purpose)
			continue
		}
		if told[purpose] == 0 || due < told[purpose] {
			told[purpose] = due
			log.Warn("certificate near its end", "purpose", purpose, "ends", end.UTC().Format(time.RFC3339), "days", int(left/day))
		}
	}
}
