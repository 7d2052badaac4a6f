package oidc

import "slices"

// Authentication context class references: levels of assurance as ID-porten spells them, the lowest first.
const (
	ACRLow         = "idporten-loa-low"
	ACRSubstantial = "idporten-loa-substantial"
	ACRHigh        = "idporten-loa-high"
)

// Authentication methods references of MinID, as ID-porten spells them. A password alone has no name there.
const (
	AMRTOTP = "Minid-TOTP" // code of an authenticator app
	AMRApp  = "Minid-APP"  // the MinID app
	AMROTC  = "Minid-OTC"  // one-time code by SMS
)

// AMRWallet is the authentication methods reference of a login with a digital wallet, as ID-porten's trial spells it.
const AMRWallet = "EUDIW"

// ACRs are the levels, the lowest first.
func ACRs() []string { return []string{ACRLow, ACRSubstantial, ACRHigh} }

// Reaches tells whether the level acr is at least the level least. A level that is not one of ACRs reaches none.
func Reaches(acr, least string) bool {
	got, want := slices.Index(ACRs(), acr), slices.Index(ACRs(), least)
	return got >= 0 && want >= 0 && got >= want
}
