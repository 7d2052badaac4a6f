package load

import (
	"fmt"
	"io"
	"strings"
)

// The colours of the outcomes, which the legend names; the lines differ in their dashes besides.
var drawn = [outcomes]struct{ name, colour string }{
	OK: {"ok", "#1e7b34"}, Busy: {"busy", "#c08a00"}, Refused: {"refused", "#b3261e"}, Failed: {"failed", "#5b1a8b"}, NotSent: {"not sent", "#8a8a8a"},
}

const (
	chartWidth, chartHeight = 800, 520
	left, right             = 60.0, 780.0
	panel                   = 180.0 // height of each of the two
)

// Chart draws the seconds as SVG: above what became of who came, below how long the good answers took.
func (r *Report) Chart(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" font-family="sans-serif" font-size="13">`+"\n",
		chartWidth, chartHeight, chartWidth, chartHeight)
	fmt.Fprintf(&b, "<title>%d arrivals at %.1f a second: %d ok, %d busy, %d refused, %d failed, %d not sent</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
		r.Total.Arrivals, r.Planned, r.Total.OK, r.Total.Busy, r.Total.Refused, r.Total.Failed, r.Total.NotSent)
	r.bars(&b, 40)
	r.lines(&b, 300)
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// axes draws a panel's frame with its highest value.
func axes(b *strings.Builder, top float64, words string, highest float64) {
	fmt.Fprintf(b, `<text x="%g" y="%g">%s</text><text x="%g" y="%g" text-anchor="end">%.4g</text><text x="%g" y="%g" text-anchor="end">0</text>`+"\n",
		left, top-12, words, left-6, top+10, highest, left-6, top+panel)
	fmt.Fprintf(b, `<path d="M%g %gV%gH%g" fill="none" stroke="#444444"/>`+"\n", left, top, top+panel, right)
}

func (r *Report) bars(b *strings.Builder, top float64) {
	highest := 1.0
	for _, s := range r.Seconds {
		sum := 0
		for _, n := range s.Outcomes {
			sum += n
		}
		highest = max(highest, float64(sum))
	}
	axes(b, top, "arrivals in each second", highest)
	width := (right - left) / float64(max(1, len(r.Seconds)))
	for i, s := range r.Seconds {
		y := top + panel
		for outcome, n := range s.Outcomes {
			h := panel * float64(n) / highest
			if y -= h; n > 0 {
				fmt.Fprintf(b, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" fill="%s"/>`+"\n", left+float64(i)*width, y, max(0.5, width-1), h, drawn[outcome].colour)
			}
		}
	}
	for i, d := range drawn {
		x := left + float64(i)*110
		fmt.Fprintf(b, `<rect x="%g" y="%g" width="12" height="12" fill="%s"/><text x="%g" y="%g">%s</text>`+"\n", x, top+panel+14, d.colour, x+18, top+panel+25, d.name)
	}
}

func (r *Report) lines(b *strings.Builder, top float64) {
	highest := 1.0
	for _, s := range r.Seconds {
		highest = max(highest, s.Milliseconds.P99)
	}
	axes(b, top, "milliseconds from the planned arrival to the good answer", highest)
	width := (right - left) / float64(max(1, len(r.Seconds)))
	for i, line := range []struct {
		name, dashes string
		of           func(Percentiles) float64
	}{
		{"p50", "", func(p Percentiles) float64 { return p.P50 }},
		{"p95", "6 3", func(p Percentiles) float64 { return p.P95 }},
		{"p99", "2 3", func(p Percentiles) float64 { return p.P99 }},
	} {
		var points []string
		for n, s := range r.Seconds {
			if s.Outcomes[OK] > 0 {
				points = append(points, fmt.Sprintf("%.2f,%.2f", left+(float64(n)+0.5)*width, top+panel-panel*line.of(s.Milliseconds)/highest))
			}
		}
		x := left + float64(i)*110
		fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="#003a70" stroke-width="2" stroke-dasharray="%s"/>`+"\n", strings.Join(points, " "), line.dashes)
		fmt.Fprintf(b, `<path d="M%g %gh24" stroke="#003a70" stroke-width="2" stroke-dasharray="%s"/><text x="%g" y="%g">%s</text>`+"\n",
			x, top+panel+20, line.dashes, x+30, top+panel+25, line.name)
	}
}
