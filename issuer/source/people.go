package source

import "time"

// The schools do not exist; their organisation numbers are of the series that Norwegian registers keep for tests.
var (
	granskaret = &School{
		Role: "elev", Name: "Granskaret videregående skole", Number: "314600118",
		OwnerName: "Brisfjord fylkeskommune", OwnerNumber: "314600274", Type: "videregående skole",
	}
	lyngheia = &School{
		Role: "student", Name: "Lyngheia fagskole", Number: "314600320",
		OwnerName: "Brisfjord fylkeskommune", OwnerNumber: "314600274", Type: "fagskole",
	}
)

// People gives the ten synthetic people that the national wallet sandbox publishes for testing.
func People() []Person {
	no := []string{"NO"}
	return []Person{
		{"12865398148", "Eksakt", "Karies", day(1953, time.June, 12), "NO", "Vestland", "Bergen", no, nil},
		{"10876698493", "Gylden", "Busk", day(1966, time.July, 10), "NO", "Innlandet", "Hamar", no, nil},
		{"28926899513", "Fredelig", "List", day(1968, time.December, 28), "NO", "Rogaland", "Stavanger", no, granskaret},
		{"04897399712", "Realistisk", "Befal", day(1973, time.September, 4), "NO", "Troms", "Harstad", no, lyngheia},
		{"19877296701", "Opplyst", "Blokkfløyte", day(1972, time.July, 19), "SE", "Jämtland", "Östersund", []string{"NO", "SE"}, nil},
		{"06815896732", "Tilgivende", "Kontingent", day(1958, time.January, 6), "NO", "Agder", "Arendal", no, nil},
		{"11853349366", "Samtidig", "Kateter", day(1933, time.May, 11), "NO", "Nordland", "Bodø", no, nil},
		{"29917398036", "Demokratisk", "Assosiasjon", day(1973, time.November, 29), "NO", "Finnmark", "Karasjok", no, granskaret},
		{"29836599118", "Selvtilfreds", "Mandolin", day(1965, time.March, 29), "NO", "Trøndelag", "Steinkjer", no, granskaret},
		{"14846599313", "Flat", "Stjerne", day(1965, time.April, 14), "NO", "Oslo", "Oslo", no, granskaret},
	}
}

func day(y int, m time.Month, d int) Date { return Date{Year: y, Month: m, Day: d} }
