package phone_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// An offer that was made at the issuer's page: the wallet says where it is from, then who asks for the code, and only then sends it.
func TestAnOfferWithACode(t *testing.T) {
	w := newTown(t)
	s := w.surfer(stjerne)
	offerPage(s)
	s.sees("Det må hentes fra " + strings.TrimPrefix(w.issuer, "http://"))
	s.press("/offer", "look", "1")
	s.sees("MinID-bevis", "Kode til "+strings.TrimPrefix(w.issuer, "http://"), "Skriv koden bare hvis du selv laget tilbudet")
	for _, c := range [][2]string{
		{"", "Skriv koden du fikk fra utstederen"}, {"12345", "Koden har 6 tegn"}, {"12345x", "Koden har bare sifre"}, {"000000", "Utstederen tok ikke imot koden"},
	} {
		code, wrong := c[0], c[1]
		s.press("/offer", "tx_code", code)
		s.is(http.StatusBadRequest, "/offer")
		s.sees(wrong, "MinID-bevis", `aria-invalid="true"`)
		if sent := strings.Contains(s.page.Says(), "invalid_grant"); sent != (code == "000000") {
			t.Errorf("%q was sent: %t", code, sent)
		}
	}
	s.press("/offer", "tx_code", txCode(w))
	s.sees("Beviset er hentet: MinID-bevis.")
}

// offerPage makes an offer and hands it to the wallet in the browser.
func offerPage(s *surfer) {
	s.w.t.Helper()
	page, _, err := s.SignIn(s.w.t.Context(), s.w.issuer+"/pre-authorized?configuration="+mpid)
	check(s.w.t, err)
	s.page = page
	s.press("/pre-authorized")
	s.follow("Bruk lommeboksimulatoren")
}

func txCode(w *town) string {
	reader := w.surfer(stjerne)
	reader.open(w.issuer + "/dev/outbox")
	return sixDigits.FindString(reader.page.TextOfClass("lb-box"))
}
