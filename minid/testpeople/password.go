package testpeople

import (
	"crypto/rand"
	"math/big"
	"strconv"
	"strings"
)

// wordsInPassword words of 8 bits each and three digits make just under 42 bits: little for a password that is
// guessed at leisure, enough behind a counter, and quick to type.
const wordsInPassword = 4

// words are short Norwegian nouns without ae, oe and aa, so that any keyboard has them.
var words = strings.Fields(`
akse aksje aktor alarm albue alge alke alm anker apotek arena arkiv arm aske asp avis badstu
bagasje bakke balkong banan bande bark basar batteri bekk benk berg beste bever bille birk bjelle
blad blekk blomst boks bolle bord bris brosje brus bukse bunad busk buss dal dans datter delta
dessert disk dommer drage drakt drama drill due duk dusj dyne eik ekorn elg elv emne eng eske ess
fakkel falk farge fasit felt ferge fest fil finger fjell fjord flagg flaske flis foss fot frakk
fredag frukt furu gaffel gang garn geit gevir gitar gjerde glass glimt globus gras grein grense
grind grop gryte gull gulv hage hake halm hammer hane hank harpe hav hegg hekk hest hjelm hjul
holme honning hopp horn hotell hund hus hylle idol ild jakke jakt januar jern jolle jubel juni jury
kabel kaffe kajakk kalv kamel kamp kanal kano kapp kart kasse katt kjeks kjole klode klokke knapp
kniv komet konge kopp kork korn krem krukke kube kurv kyst lade lampe land lanse last lav lekse
lenke lime linje list loft logg lomme los luft lunsj lupe lus lykt lyng lys magnet mai makrell
maleri mandel mantel mark mars maske mast maur medalje mel melk melon mester metall middag mil mine
modell mole moped mose motor muffe mur mus museum musikk mynt nakke natt navn nebb nese nisse note
oktober oliven omelett onsdag opal orgel orkan oter padde panne panser papir park pause pensel
perle piano pil pinne plomme poeng pose post potet rad ramme regn rein reke ring
`)

// newPassword is like "bekk-kano-fjell-laks-482".
func newPassword() (string, error) {
	parts := make([]string, 0, wordsInPassword+1)
	for range wordsInPassword {
		i, err := rand.Int(rand.Reader, big.NewInt(int64(len(words))))
		if err != nil {
			return "", err
		}
		parts = append(parts, words[i.Int64()])
	}
	n, err := rand.Int(rand.Reader, big.NewInt(900))
	if err != nil {
		return "", err
	}
	return strings.Join(append(parts, strconv.FormatInt(100+n.Int64(), 10)), "-"), nil
}
