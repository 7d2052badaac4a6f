package source

import (
	"strconv"
	"strings"
	"time"
)

// lillevik is where the pupils go. Nobody below has an account: they are there to get one, by letter or at school.
var lillevik = &School{
	Role: "elev", Name: "Lillevik ungdomsskole", Number: "314600568",
	OwnerName: "Brisfjord kommune", OwnerNumber: "314600630", Type: "grunnskole",
}

// Residents are more synthetic people: their numbers are of Skatteetaten's synthetic series, and names and addresses are
// invented. Three are grown up or nearly so, seven are pupils of the tenth year in 2026, one of whom turned thirteen too
// late for an account.
func Residents() []Person {
	no := []string{"NO"}
	return []Person{
		{"03848812160", "Tålmodig", "Havn", day(1988, time.April, 3), "NO", "Vestland", "Florø", no, nil},
		{"21887921013", "Munter", "Trapp", day(1979, time.August, 21), "NO", "Telemark", "Skien", no, nil},
		{"05901270009", "Spinkel", "Vårdag", day(2012, time.October, 5), "NO", "Buskerud", "Kongsberg", no, nil},
		{"07831161080", "Rolig", "Furu", day(2011, time.March, 7), "NO", "Vestland", "Brisfjord", no, lillevik},
		{"19851173326", "Lystig", "Bekk", day(2011, time.May, 19), "NO", "Vestland", "Brisfjord", no, lillevik},
		{"14861157750", "Kvikk", "Røyskatt", day(2011, time.June, 14), "NO", "Vestland", "Brisfjord", no, lillevik},
		{"02891164192", "Varm", "Ullgenser", day(2011, time.September, 2), "NO", "Rogaland", "Sandnes", no, lillevik},
		{"30911180320", "Blid", "Skogsti", day(2011, time.November, 30), "NO", "Vestland", "Brisfjord", no, lillevik},
		{"25921191858", "Stille", "Fjellvann", day(2011, time.December, 25), "NO", "Oslo", "Oslo", no, lillevik},
		{"11821465526", "Nysgjerrig", "Fasan", day(2014, time.February, 11), "NO", "Vestland", "Brisfjord", no, lillevik},
	}
}

// streets are invented, and there is no such post town.
var streets = []string{"Furuveien", "Bekkefaret", "Skolegata", "Fjordvegen", "Storgata", "Lyngstien", "Kaivegen"}

const postCode = "9999"

// Address is where letters reach the person, a line each.
func (p Person) Address() []string { return []string{p.street(), postCode + " " + p.town()} }

// town is where the person lives, which is in Norway: in the place of birth, and in Brisfjord when that lies abroad.
func (p Person) town() string {
	if p.Country != "NO" {
		return "Brisfjord"
	}
	return p.Locality
}

// street follows from the number, so that it is always the same.
func (p Person) street() string {
	n := 0
	for _, digit := range p.PID {
		n = n*10%9973 + int(digit-'0')
	}
	return streets[n%len(streets)] + " " + strconv.Itoa(1+n%89)
}

// resident is the same address as the PID has it in each format (PID Rulebook 1.7 chapter 2).
func (p Person) resident() map[string]any {
	formatted := strings.Join(p.Address(), ", ")
	return map[string]any{
		Address: map[string]string{
			"formatted": formatted, "street_address": p.street(), "postal_code": postCode, "locality": p.town(), "country": "NO",
		},
		ResidentAddress: formatted, ResidentStreet: p.street(), ResidentPostCode: postCode, ResidentCity: p.town(), ResidentCountry: "NO",
	}
}
