package server_test

import (
	"errors"
	"strings"
	"testing"

	"lommebok.example/issuer/server"
	"lommebok.example/issuer/source"
	"lommebok.example/minid"
	"lommebok.example/specs/fnr"
)

func TestParseStaff(t *testing.T) {
	staff, err := server.ParseStaff([]byte(`
- pid: "29917398036"
  roles: [school_owner, operator]
  organisation: "314600630"
- {pid: "10876698493", roles: [service_desk]}
`))
	check(t, err)
	if len(staff) != 2 || staff[0].Organisation != "314600630" || staff[0].Roles[1] != minid.RoleOperator || staff[1].PID != "10876698493" {
		t.Errorf("%+v", staff)
	}
	for name, raw := range map[string]string{
		"a number that is none":               `[{pid: "123", roles: [operator]}]`,
		"no role":                             `[{pid: "10876698493"}]`,
		"a role that there is not":            `[{pid: "10876698493", roles: [king]}]`,
		"a school owner without organisation": `[{pid: "10876698493", roles: [school_owner]}]`,
		"a member that there is not":          `[{pid: "10876698493", roles: [operator], admin: true}]`,
	} {
		if _, err := server.ParseStaff([]byte(raw)); !errors.Is(err, server.ErrConfig) || strings.Contains(err.Error(), "10876698493") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Everybody in the register has a number of the synthetic series, and the register says of them what MinID needs.
func TestResidentsAreSyntheticAndKnown(t *testing.T) {
	s := newService(t)
	seen := map[string]bool{}
	for _, p := range append(source.People(), source.Residents()...) {
		n, err := fnr.Parse(p.PID)
		if err != nil || !n.Series().Synthetic() || seen[p.PID] {
			t.Errorf("%s %s: %v", p.GivenName, p.FamilyName, err)
		}
		seen[p.PID] = true
		r, err := s.Core().Population.Resident(t.Context(), p.PID)
		check(t, err)
		if r.Name != p.GivenName+" "+p.FamilyName || r.BirthDate != p.BirthDate.String() || len(r.Address) != 2 {
			t.Errorf("%+v", r)
		}
	}
	if _, err := s.Core().Population.Resident(t.Context(), "00000000000"); !errors.Is(err, minid.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}
