package minid

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckPassword(t *testing.T) {
	p := &Person{PID: "12865398148", BirthDate: "1953-06-12", Name: "EKSAKT KARIES", Email: "eksakt.melding@example.com", Phone: "+4799990001"}
	for password, want := range map[string]PasswordRule{
		"":                               RuleShort,
		"bekk-kano-1":                    RuleShort,
		"blåbærogfløt":                   "",
		"bekk-kano-fj":                   "",
		"bla\u030aba\u030a-xk":           RuleShort, // twelve code points, ten characters
		"vanlig tekst med mellomrom":     "",
		strings.Repeat("bekk-kano", 1):   RuleShort,
		strings.Repeat("ø7kq", 32):       RuleCommon,
		strings.Repeat("ø7kq", 32) + "x": RuleLong,
		strings.Repeat("ø", 110) + "åpent vann i dal": "",
		"passordpassord":                  RuleCommon,
		"P4ssw0rd1234":                    RuleCommon,
		"Sommer2025!!":                    RuleCommon,
		"qwertyuiopåasdf":                 RuleCommon,
		"abcdefghijklmnop":                RuleCommon,
		"aaaaaaaaaaaaaaaaaa":              RuleCommon,
		"xk7xk7xk7xk7xk7":                 RuleCommon,
		"oslobergentrondheim":             RuleCommon,
		"987654321098":                    RuleCommon,
		"jegelskerdegliverpool":           RuleCommon,
		"MinID-er-kjekt-å-ha":             RuleContext,
		"m1n1d-er-kjekt-å-ha":             RuleContext,
		"id-porten-vil-jeg-inn-i":         RuleContext,
		"kaktus 128653 lampe":             RuleContext,
		"kaktus 12.06.1953 lampe":         RuleContext,
		"kaktus 1953-06-12 lampe":         RuleContext,
		"kaktus-karies-lampe":             RuleContext,
		"min melding-kaktus":              RuleContext,
		"99 99 00 01 kaktus":              RuleContext,
		"kaktus\x00og lampe i rad":        RuleText,
		"kaktus\xffog lampe i rad":        RuleText,
		"kaktusoglampe\tirad":             RuleText,
		"tre små griser spiste 17 vafler": "",
		"correct horse battery staple":    "",
		"bekk-kano-fjell-laks-482":        "",
		"hest-batteri-rad-7":              "",
	} {
		var broken ErrPasswordRule
		err := CheckPassword(password, p)
		if errors.As(err, &broken); broken.Rule != want || (err == nil) != (want == "") {
			t.Errorf("%q: got %v, want %q", password, err, want)
		}
		if err != nil && !errors.Is(err, ErrPassword) {
			t.Errorf("%q: %v is no ErrPassword", password, err)
		}
	}
	if err := CheckPassword("kaktus-karies-lampe", nil); err != nil {
		t.Errorf("nobody's name: %v", err)
	}
}

func TestBlocklistIsWhole(t *testing.T) {
	if len(blockedWords) < 300 {
		t.Errorf("%d words are blocked", len(blockedWords))
	}
	for w := range blockedWords {
		if w != strings.ToLower(w) || len([]rune(w)) < 2 {
			t.Errorf("%q", w)
		}
	}
}

func TestStrengthRises(t *testing.T) {
	weak, strong := Strength("sommer2025", nil), Strength("tre små griser spiste 17 vafler", nil)
	if weak >= strong || strong != 4 || Strength("", nil) != 0 {
		t.Errorf("weak %d, strong %d", weak, strong)
	}
	if known := Strength("karieskaries", PasswordContext(&Person{Name: "Eksakt Karies"})); known > 1 {
		t.Errorf("a known word twice has strength %d", known)
	}
}

func FuzzPassword(f *testing.F) {
	for _, s := range []string{"", "passord", "P4$$w0rd!!111", strings.Repeat("4@1!|", 30), "blå himmel", "\xff\x00", strings.Repeat("1q2w3e", 40)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n := Strength(s, []string{"karies"}); n < 0 || n > 4 {
			t.Errorf("strength %d", n)
		}
		_ = CheckPassword(s, &Person{PID: "12865398148"})
	})
}

func BenchmarkStrength(b *testing.B) {
	for b.Loop() {
		Strength(strings.Repeat("4@1!|", 30), nil)
	}
}
