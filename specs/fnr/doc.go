// Package fnr reads the Norwegian identity numbers: fødselsnummer and D-number,
// real and synthetic, in today's format and in the one allocated from 2032.
//
// A number is eleven digits, DDMMYY III K1 K2. Additions to the day and the month
// tell what kind of number it is:
//
//	addition    kind                                      in the code
//	day +40     D-number                                  Number.IsDNumber
//	month +20   synthetic, Digdir                         Digdir
//	month +40   synthetic, NAV; also the H-number         NAV
//	month +65   synthetic, Norsk helsenett                NHN
//	month +80   synthetic, Skatteetaten (Tenor)           Skatteetaten
//	none        ordinary, belongs to a living register    Ordinary
//
// The package owns the form of a number and whether a service may take it in
// (Policy). It knows no person: whether a number is in use, and what is true of
// its holder, is asked of a register. Neither century, birth date nor gender can be
// read from a number, since those allocated from 2032 no longer carry them.
//
// A Number never prints its digits; Digits is the one way to get them.
package fnr
