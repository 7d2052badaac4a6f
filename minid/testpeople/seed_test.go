package testpeople

import (
	"bytes"
	"encoding/base32"
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/store"
	"lommebok.example/specs/fnr"
)

var now = time.Date(2025, 11, 24, 12, 0, 0, 0, time.UTC)

func newCore(t *testing.T) (*minid.Core, *store.Store) {
	t.Helper()
	db := dbtest.Open(t, dbtest.SQLite(t))
	s, err := store.New(t.Context(), db)
	must(t, err)
	pool, err := minid.NewPasswordPool(minid.PasswordConfig{
		Pepper: bytes.Repeat([]byte{1}, 32), Argon2: minid.Argon2{Memory: 8, Time: 1, Parallelism: 1},
	})
	must(t, err)
	seal, err := minid.NewSealer(bytes.Repeat([]byte{2}, 32))
	must(t, err)
	return &minid.Core{Store: s, Passwords: pool, Seal: seal, Now: func() time.Time { return now }}, s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSeededPeopleSignIn(t *testing.T) {
	core, s := newCore(t)
	made, err := Seed(t.Context(), core, s)
	must(t, err)
	bases := map[minid.Basis]int{}
	for _, c := range made {
		bases[c.Basis]++
		in, _, err := core.Begin(t.Context(), minid.Need{Level: minid.LevelSubstantial}, "")
		must(t, err)
		_, err = core.Password(t.Context(), in, c.PID, c.Password)
		must(t, err)
		code, err := minid.TOTPConfig{}.TOTPCode(c.TOTPSecret, now)
		must(t, err)
		_, err = core.TOTP(t.Context(), in, code)
		must(t, err)
		_, session, err := core.Finish(t.Context(), in)
		must(t, err)
		if session.Basis != c.Basis || session.PID != c.PID {
			t.Errorf("%s: basis %s", c.Name, session.Basis)
		}
		if (c.AppCode != "") != core.PairsAtDesk(session) {
			t.Errorf("%s, %s: app code %q", c.Name, c.Basis, c.AppCode)
		}
		if c.AppCode != "" {
			d, err := core.Pair(t.Context(), c.AppCode, c.PID, []byte("key"))
			must(t, err)
			if d.PersonID != session.PersonID {
				t.Errorf("%s: the app code is another's", c.Name)
			}
		}
	}
	if len(made) != 10 || bases[minid.BasisInPerson] != 2 || bases[minid.BasisSchool] != 1 || bases[minid.BasisLetter] != 7 {
		t.Errorf("%d people, %v", len(made), bases)
	}
}

func TestSeedMakesOnlyWhoIsMissing(t *testing.T) {
	core, s := newCore(t)
	first, err := seed(t.Context(), core, s, people[:3])
	must(t, err)
	second, err := Seed(t.Context(), core, s)
	must(t, err)
	third, err := Seed(t.Context(), core, s)
	must(t, err)
	if _, err := core.Pair(t.Context(), first[0].AppCode, "phone", []byte("key")); err != nil {
		t.Errorf("seeding again ended a code from the service desk: %v", err)
	}
	if len(first) != 3 || len(second) != 7 || len(third) != 0 {
		t.Errorf("made %d, %d and %d", len(first), len(second), len(third))
	}
	if slices.ContainsFunc(second, func(c Credentials) bool { return c.PID == first[0].PID }) {
		t.Error("somebody was made twice")
	}
}

func TestSeedRefusesNumbersThatAreNotSynthetic(t *testing.T) {
	core, s := newCore(t)
	core.Numbers.AllowRealNumbers = true
	list := append(slices.Clone(people), person{"02013299997", "OFFICIAL EXAMPLE", "1932-01-02", minid.BasisLetter})
	if made, err := seed(t.Context(), core, s, list); !errors.Is(err, ErrNotSynthetic) || len(made) != 0 {
		t.Errorf("made %d, %v", len(made), err)
	}
	list[10].pid = "12865398149"
	if made, err := seed(t.Context(), core, s, list); !errors.Is(err, fnr.ErrChecksum) || len(made) != 0 {
		t.Errorf("made %d, %v", len(made), err)
	}
	if _, err := s.PersonByPID(t.Context(), people[0].pid); !errors.Is(err, minid.ErrNotFound) {
		t.Errorf("a refused list left somebody: %v", err)
	}
}

// The day and month of each birth date are those of the number, the year its last two digits.
func TestBirthDatesFitTheNumbers(t *testing.T) {
	for _, p := range people {
		born, err := time.Parse(time.DateOnly, p.birthDate)
		must(t, err)
		month := int(p.pid[2]-'0')*10 + int(p.pid[3]-'0') - 80
		if want := born.Format("02") + p.pid[2:4] + born.Format("06"); p.pid[:6] != want || int(born.Month()) != month {
			t.Errorf("%s: born %s", p.name, p.birthDate)
		}
	}
}

func TestPasswords(t *testing.T) {
	unique := slices.Compact(slices.Sorted(slices.Values(words)))
	bits := wordsInPassword*math.Log2(float64(len(unique))) + math.Log2(900)
	if bits < 40 {
		t.Errorf("%.1f bits from %d words", bits, len(unique))
	}
	form := regexp.MustCompile(`^[a-z]{3,7}(-[a-z]{3,7}){3}-[1-9][0-9]{2}$`)
	seen := map[string]bool{}
	for range 200 {
		p, err := newPassword()
		must(t, err)
		if !form.MatchString(p) {
			t.Errorf("%q", p)
		}
		seen[p] = true
	}
	if len(seen) != 200 {
		t.Errorf("%d of 200 are different", len(seen))
	}
}

func TestCredentialsAsJSON(t *testing.T) {
	core, s := newCore(t)
	made, err := seed(t.Context(), core, s, people[:3])
	must(t, err)
	raw, err := json.Marshal(made[0])
	must(t, err)
	for _, member := range []string{`"pid":"12865398148"`, `"name":"EKSAKT KARIES"`, `"password":"`, `"totp_secret":"`, `"app_code":"`, `"basis":"in_person"`} {
		if !strings.Contains(string(raw), member) {
			t.Errorf("%s is missing", member)
		}
	}
	if raw, err = json.Marshal(made[2]); err != nil || strings.Contains(string(raw), "app_code") {
		t.Errorf("%s, %v: an app code for who was not proofed in person", made[2].Basis, err)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(made[0].TOTPSecret)
	if err != nil || len(secret) != 20 {
		t.Errorf("TOTP secret of %d bytes, %v", len(secret), err)
	}
}
