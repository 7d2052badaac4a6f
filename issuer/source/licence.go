package source

import "time"

// The facts of a driving licence (ISO/IEC 18013-5 section 7.2.1). Only people who have one have them.
const (
	LicenceNumber     = "licence_number"
	LicenceIssued     = "licence_issue_date"
	LicenceExpiry     = "licence_expiry_date"
	DrivingPrivileges = "driving_privileges" // list of {vehicle_category_code, issue_date, expiry_date}
	Portrait          = "portrait"           // Image
)

// privilege is a vehicle category with the day from when, and until when the licence of that category runs.
type privilege struct {
	category        string
	issued, expires Date
}

// licence is a driving licence. The numbers are invented.
type licence struct {
	number          string
	issued, expires Date
	privileges      []privilege
}

// licences are those of the test people. Nobody else has one.
var licences = map[string]licence{
	"12865398148": {"9914880101", day(2023, time.May, 4), day(2028, time.June, 12), []privilege{
		{"B", day(1971, time.July, 2), day(2028, time.June, 12)},
		{"BE", day(1984, time.March, 19), day(2028, time.June, 12)},
	}},
	"14846599313": {"9914880202", day(2024, time.January, 15), day(2039, time.January, 15), []privilege{
		{"AM", day(1981, time.April, 14), day(2039, time.January, 15)},
		{"B", day(1983, time.May, 6), day(2039, time.January, 15)},
	}},
	"04897399712": {"9914880303", day(2025, time.August, 20), day(2040, time.August, 20), []privilege{
		{"B", day(1991, time.September, 30), day(2040, time.August, 20)},
		{"C", day(1996, time.November, 11), day(2030, time.August, 20)},
	}},
}

// addLicence puts the facts of a person's licence into values.
func addLicence(values map[string]any, pid string) {
	l, ok := licences[pid]
	if !ok {
		return
	}
	list := make([]any, 0, len(l.privileges))
	for _, p := range l.privileges {
		list = append(list, map[string]any{"vehicle_category_code": p.category, "issue_date": p.issued, "expiry_date": p.expires})
	}
	values[LicenceNumber], values[LicenceIssued], values[LicenceExpiry] = l.number, l.issued, l.expires
	values[DrivingPrivileges], values[Portrait] = list, drawnPortrait()
}
