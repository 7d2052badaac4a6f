package minid

import "slices"

// Role is what a person may do on behalf of whoever runs the service, or of an organisation that it has an agreement
// with. A role is no level: whoever acts in one has logged in like everybody else.
type Role string

// The roles.
const (
	RoleServiceDesk Role = "service_desk" // identifies people in person, and records it
	RoleCaseWorker  Role = "case_worker"  // sees, suspends and revokes credentials
	RoleOperator    Role = "operator"     // keys, trust, counters
	RoleSchoolOwner Role = "school_owner" // authorises the teachers of an organisation's schools
)

// Roles are all of them.
var Roles = []Role{RoleServiceDesk, RoleCaseWorker, RoleOperator, RoleSchoolOwner}

// Staff is a person with roles. Organisation is the number of the organisation they act for, where the role is of one.
type Staff struct {
	PID          string
	Roles        []Role
	Organisation string
}

// Acts tells whether a session's person has the role, and for which organisation. It is asked anew at every act: a role
// that was taken away in the configuration is gone at once.
func (c *Core) Acts(s *Session, r Role) (organisation string, ok bool) {
	for _, one := range c.Staff {
		if one.PID == s.PID && slices.Contains(one.Roles, r) {
			return one.Organisation, true
		}
	}
	return "", false
}
