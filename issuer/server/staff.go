package server

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"

	"lommebok.example/minid"
)

// ParseStaff reads who acts for the service: a YAML or JSON list of people by identity number, each with roles and, for
// a role of an organisation, its number.
//
//   - pid: "29917398036"
//     roles: [school_owner]
//     organisation: "314600630"
func ParseStaff(raw []byte) ([]minid.Staff, error) {
	var list []struct {
		PID          string       `yaml:"pid"`
		Roles        []minid.Role `yaml:"roles"`
		Organisation string       `yaml:"organisation"`
	}
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&list); err != nil {
		// Without the lines around the mistake: they hold identity numbers.
		return nil, fmt.Errorf("%w: staff: %s", ErrConfig, yaml.FormatError(err, false, false))
	}
	staff := make([]minid.Staff, 0, len(list))
	for i, one := range list {
		if len(one.PID) != 11 || len(one.Roles) == 0 {
			return nil, fmt.Errorf("%w: staff, entry %d: expected an identity number of 11 digits in quotes, and roles", ErrConfig, i+1)
		}
		for _, r := range one.Roles {
			if !slices.Contains(minid.Roles, r) {
				return nil, fmt.Errorf("%w: staff, entry %d: expected roles of %v, got %q", ErrConfig, i+1, minid.Roles, r)
			}
			if r == minid.RoleSchoolOwner && one.Organisation == "" {
				return nil, fmt.Errorf("%w: staff, entry %d: %s needs the organisation's number", ErrConfig, i+1, r)
			}
		}
		staff = append(staff, minid.Staff{PID: one.PID, Roles: one.Roles, Organisation: one.Organisation})
	}
	return staff, nil
}

// demoStaff are test people with roles, so that each can be tried; two where two are needed.
func demoStaff() []minid.Staff {
	return []minid.Staff{
		{PID: "19877296701", Roles: []minid.Role{minid.RoleServiceDesk}},
		{PID: "06815896732", Roles: []minid.Role{minid.RoleServiceDesk}},
		{PID: "04897399712", Roles: []minid.Role{minid.RoleCaseWorker}},
		{PID: "29836599118", Roles: []minid.Role{minid.RoleCaseWorker}},
		{PID: "10876698493", Roles: []minid.Role{minid.RoleOperator}},
		{PID: "29917398036", Roles: []minid.Role{minid.RoleSchoolOwner}, Organisation: "314600630"},
	}
}
