package testpeople

import "lommebok.example/minid"

// person is a published synthetic person. The birth date stands by itself: it was read once from the number, which
// is of the form before 2032, and is not computed again.
type person struct {
	pid, name, birthDate string
	basis                minid.Basis
}

// people are published with organisation by Digdir for its wallet sandbox (docs.digdir.no, lommebok). How they were
// proofed is our own choice: two showed up in person, one was vouched for at school.
var people = []person{
	{"12865398148", "EKSAKT KARIES", "1953-06-12", minid.BasisInPerson},
	{"10876698493", "GYLDEN BUSK", "1966-07-10", minid.BasisInPerson},
	{"28926899513", "FREDELIG LIST", "1968-12-28", minid.BasisSchool},
	{"04897399712", "REALISTISK BEFAL", "1973-09-04", minid.BasisLetter},
	{"19877296701", "OPPLYST BLOKKFLØYTE", "1972-07-19", minid.BasisLetter},
	{"06815896732", "TILGIVENDE KONTINGENT", "1958-01-06", minid.BasisLetter},
	{"11853349366", "SAMTIDIG KATETER", "1933-05-11", minid.BasisLetter},
	{"29917398036", "DEMOKRATISK ASSOSIASJON", "1973-11-29", minid.BasisLetter},
	{"29836599118", "SELVTILFREDS MANDOLIN", "1965-03-29", minid.BasisLetter},
	{"14846599313", "FLAT STJERNE", "1965-04-14", minid.BasisLetter},
}
