package phone_test

import (
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
	page := s.page
	s.press("/offer", "tx_code", "x")
	s.sees("Den andre parten sa nei", "invalid_grant")
	s.page = page
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
