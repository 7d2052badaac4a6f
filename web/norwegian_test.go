package web

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Words and endings that belong to one of the written languages and not to the other. What both allow (blir, ei, sida,
// igjen, også, koder) is in neither.
var (
	onlyBokmal = words(`ikke|hvis|fra|noe|noen|hva|hvem|hvilken|hvilket|hvilke|hvor|hvordan|hvorfor|hver|hvert|når som|jeg|deg selv|ble|
		være|vært|gjør|gjøre|sier|en|et|nå|bare|mer|mye|uten|selv|sammen|siden|annen|annet|samme|flere|kommer|finnes|finner|
		gjelder|skriver inn|åpne|åpen|åpnes|åpnet|vet|brukes|sendes|kreves|vises|kjøres|lages|skrives|må lastes|logger|logget|lagret|hentet|
		sperret|endret|fjernet|avsluttet|begge to|allerede|derfor|riktig|trukket|tilgjengelig|offentlig|virkelig|foreløpig|vanlig|
		betydelig|personlig|sikkerhet|lommebøker|enhet|forespørsel|tjenestene|tjenesten|tjeneste|nettleser|nettleseren|utsteder|
		utstederen|brukeren|eier|skole|skolen|lærere|navn|navnet|fornavn|etternavn|tall|høyt|høyere|lavt|lavere|
		engangskode|engangskoden|gang|ganger|virker|koble|velg|velge|gå til forsiden|forsiden|kunne ikke`,
		`ingen|ingene|inger|heten|het|elsene|eren|erne|ligvis|sjon en`)
	onlyNynorsk = words(`ikkje|frå|kva|kven|kvar|kvart|kvifor|korleis|korfor|eg|ein|eit|eitt|éi|noko|nokon|nokre|vere|vore|vert|vart|vorte|gjere|gjer|
		gjekk|seier|berre|meir|mykje|utan|sjølv|saman|sidan|annan|anna|fleire|kjem|finst|gjeld|opne|open|opnar|dei|dykk|ho|òg|no|att|
		innan|loggar|logga|endra|henta|sperra|fjerna|difor|dersom|alt brukt|rett opp no|trekt|førespurnad|førespurnaden|teneste|tenesta|
		tenester|tenestene|nettlesar|nettlesaren|utstedar|utstedaren|brukar|brukarstad|eining|eininga|sikkerheit|sikkerheitsnivå|
		tryggleik|tryggleiken|namn|namnet|førenamn|etternamn|skule|skulen|tal|talet|høgt|høgare|lågt|lågare|gong|gonger|eingongskode|
		eingongskoda|verkar|byrj|vel|velje|sei|offentleg|personleg|betydeleg|førebels`,
		`leg|legare|heit|heita|ingar|ingane|arane|aren|lege`)
)

// words matches any of the words, and any word with one of the endings and a stem of three letters at least. What follows a
// hyphen or a dot is no word of its own: MinID-en, uustatus.no.
func words(whole, endings string) *regexp.Regexp {
	squeeze := func(s string) string {
		return regexp.MustCompile(`\s*\|\s*`).ReplaceAllString(strings.TrimSpace(s), "|")
	}
	return regexp.MustCompile(`(?i)(?:^|[^\p{L}.-])((?:` + squeeze(whole) + `)|\p{L}{3,}(?:` + squeeze(endings) + `))(?:$|[^\p{L}])`)
}

func foreignWord(lang, text string) string {
	rule := map[string]*regexp.Regexp{"nb": onlyNynorsk, "nn": onlyBokmal}[lang]
	text = placeholder.ReplaceAllString(text, "")
	if m := rule.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// Språklova section 14 and good manners: each text is in one written language.
func TestBokmalAndNynorskAreNotMixed(t *testing.T) {
	all, err := loadTexts(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"nb", "nn"} {
		for key, text := range all[lang] {
			if word := foreignWord(lang, text); word != "" {
				t.Errorf("%s in %s has %q: %s", key, lang, word, text)
			}
		}
	}
	for _, text := range ownedTexts(t) {
		if word := foreignWord(text.lang, text.text); word != "" {
			t.Errorf("%s in %s has %q: %s", text.file, text.lang, word, text.text)
		}
	}
}

type ownedText struct{ file, lang, text string }

var ownedLine = regexp.MustCompile(`\b(nb|nn): *("[^"]*"|[^,}"]+$)`)

// ownedTexts are those that credential types and services bring along in files of their own.
func ownedTexts(t *testing.T) []ownedText {
	t.Helper()
	var found []ownedText
	for _, folder := range []string{"../issuer", "../verifier", "../minid"} {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
				return err
			}
			raw, err := os.ReadFile(path)
			for line := range strings.Lines(string(raw)) {
				for _, m := range ownedLine.FindAllStringSubmatch(strings.TrimSpace(line), -1) {
					found = append(found, ownedText{path, m[1], m[2]})
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) < 50 {
		t.Fatalf("only %d texts were read", len(found))
	}
	return found
}

func TestForeignWordsAreFound(t *testing.T) {
	for _, c := range []struct{ lang, text, want string }{
		{"nn", "Du kan ikkje logge inn no.", ""},
		{"nn", "Du kan ikke logge inn.", "ikke"},
		{"nn", "Hvis du vil", "Hvis"},
		{"nn", "Opplysninger om deg", "Opplysninger"},
		{"nn", "Det er en feil", "en"},
		{"nb", "Du kan ikke logge inn nå.", ""},
		{"nb", "Kom frå sida", "frå"},
		{"nb", "Vi har {no} bevis", ""},
		{"nb", "Kontroller opplysningane", "opplysningane"},
	} {
		if got := foreignWord(c.lang, c.text); got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.lang, c.text, got, c.want)
		}
	}
}
