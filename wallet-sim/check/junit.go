package check

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The elements of JUnit XML, as test runners read them: a suite a profile, a case a requirement.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	ClassName string        `xml:"classname,attr"`
	Name      string        `xml:"name,attr"`
	Time      string        `xml:"time,attr"`
	Failure   *junitMessage `xml:"failure,omitempty"`
	Skipped   *junitMessage `xml:"skipped,omitempty"`
	SystemOut string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as JUnit XML. The exchanges of a failed requirement are in its system-out.
func (r *Report) JUnit(w io.Writer) error {
	all := junitSuites{
		Name: "wallet-sim check " + r.Kind, Tests: len(r.Results), Failures: r.Count(Failed), Skipped: r.Count(NotTested), Time: seconds(r.Millis),
	}
	for _, p := range r.Profiles() {
		part := Report{Results: p.Results}
		suite := junitSuite{Name: p.Name, Tests: len(p.Results), Failures: part.Count(Failed), Skipped: part.Count(NotTested), Timestamp: r.At.Format(time.RFC3339)}
		for i := range p.Results {
			c, err := p.Results[i].junit(r.Kind)
			if err != nil {
				return err
			}
			suite.Cases = append(suite.Cases, c)
		}
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r *Result) junit(kind string) (junitCase, error) {
	c := junitCase{ClassName: kind + "." + r.Profile, Name: r.ID, Time: seconds(r.Millis)}
	switch r.Outcome {
	case NotTested:
		c.Skipped = &junitMessage{Message: r.Why}
	case Failed:
		c.Failure = &junitMessage{
			Message: fmt.Sprintf("expected %s; found %s", r.Expected, r.Found), Text: r.Says + "\n" + r.Section,
		}
		for _, x := range r.Exchanges {
			raw, err := json.MarshalIndent(x, "", "  ")
			if err != nil {
				return c, err
			}
			c.SystemOut += string(raw) + "\n"
		}
	}
	return c, nil
}

func seconds(millis int64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.3f", float64(millis)/1000), ".000")
}

// Profile is the results of one profile.
type Profile struct {
	Name    string
	Results []Result
}

// Count tells how many requirements of the profile ended so.
func (p *Profile) Count(o Outcome) int { return (&Report{Results: p.Results}).Count(o) }

// Profiles are the results by profile, each in the order in which they came.
func (r *Report) Profiles() (all []*Profile) {
	for _, name := range []string{OpenID4VCI, OpenID4VP, HAIP} {
		p := &Profile{Name: name}
		for _, one := range r.Results {
			if one.Profile == name {
				p.Results = append(p.Results, one)
			}
		}
		if len(p.Results) > 0 {
			all = append(all, p)
		}
	}
	return all
}
