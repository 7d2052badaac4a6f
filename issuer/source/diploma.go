package source

import "time"

// The facts of a diploma from upper secondary school. They are looked up in the archive of the county.
const (
	DiplomaProgramme = "diploma_programme"
	DiplomaSchool    = "diploma_school"
	DiplomaDate      = "diploma_date"
	StudyCompetence  = "general_study_competence"
)

// archiveTakes is how long the archive needs to find a diploma, or to find out that it has none.
const archiveTakes = 3 * time.Second

// diploma is what somebody completed upper secondary school with. The schools do not exist.
type diploma struct {
	programme, school string
	completed         Date
	studyCompetence   bool
}

// diplomas are those of the test people that the archive knows.
var diplomas = map[string]diploma{
	"12865398148": {"Allmennfag", "Brisfjord gymnas", day(1972, time.June, 16), true},
	"14846599313": {"Allmenne fag", "Lyngheia videregående skole", day(1984, time.June, 20), true},
	"04897399712": {"Mekaniske fag", "Lyngheia videregående skole", day(1992, time.June, 19), false},
	"28926899513": {"Allmenne fag", "Granskaret videregående skole", day(1987, time.June, 19), true},
}

// addDiploma puts in the facts what the archive will say of a person.
func addDiploma(f *Facts, pid string) {
	f.Later(archiveTakes, DiplomaProgramme, DiplomaSchool, DiplomaDate, StudyCompetence)
	if d, ok := diplomas[pid]; ok {
		f.values[DiplomaProgramme], f.values[DiplomaSchool] = d.programme, d.school
		f.values[DiplomaDate], f.values[StudyCompetence] = d.completed, d.studyCompetence
	}
}
