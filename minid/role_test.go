package minid

import "testing"

func TestARoleIsTheNumbersInTheConfiguration(t *testing.T) {
	core := &Core{Staff: []Staff{
		{PID: "1", Roles: []Role{RoleServiceDesk, RoleOperator}},
		{PID: "2", Roles: []Role{RoleSchoolOwner}, Organisation: "314600274"},
	}}
	for _, row := range []struct {
		pid  string
		role Role
		org  string
		ok   bool
	}{
		{"1", RoleServiceDesk, "", true},
		{"1", RoleSchoolOwner, "", false},
		{"2", RoleSchoolOwner, "314600274", true},
		{"2", RoleServiceDesk, "", false},
		{"3", RoleOperator, "", false},
		{"", RoleOperator, "", false},
	} {
		if org, ok := core.Acts(&Session{PID: row.pid}, row.role); org != row.org || ok != row.ok {
			t.Errorf("%q as %s: %q, %v", row.pid, row.role, org, ok)
		}
	}
}
