package phone

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"lommebok.example/internal/keys"
	"lommebok.example/minid/app"
)

// Devices are the MinID apps of this telephone, one for each person who paired one: files in Dir, a key beside each.
type Devices struct {
	Dir  string
	HTTP *http.Client
	Now  func() time.Time
}

// Device is a MinID app that was paired with a person.
type Device struct {
	ID     string    `json:"id"` // our own name for it
	Owner  string    `json:"owner"`
	Base   string    `json:"minid"`     // address of the MinID it is paired with
	Remote string    `json:"device_id"` // what MinID calls it
	Paired time.Time `json:"paired"`
}

// The refusals of this package; those of MinID are *oauth2.Error.
var (
	ErrNoDevice  = errors.New("phone: no MinID app is paired for this person")
	ErrNoAttempt = errors.New("phone: no login waits for an answer")
)

var deviceID = regexp.MustCompile(`^[a-z2-7]{26}$`)

// Pair makes a key and pairs it with the person who made the code, or got it at the service desk. Blanks and hyphens in the code
// are for the eye.
func (d *Devices) Pair(ctx context.Context, base, owner, code string) (*Device, error) {
	one, _, err := d.Look(ctx, base, owner, code)
	if err != nil {
		return nil, err
	}
	return d.Confirm(ctx, one, code)
}

// Look makes a key and asks with it whose the code is: person is a masked identity number. Only this key can use the code
// from then on. Confirm or Forget ends what Look began.
func (d *Devices) Look(ctx context.Context, base, owner, code string) (one *Device, person string, err error) {
	one = &Device{ID: strings.ToLower(rand.Text()), Owner: owner, Base: base}
	client, err := d.client(one)
	if err != nil {
		return nil, "", err
	}
	if person, err = client.Look(ctx, plain(code)); err != nil {
		return nil, "", errors.Join(err, d.Forget(one.ID))
	}
	return one, person, nil
}

// Confirm pairs the key that Look made. A code that is refused now takes the key with it.
func (d *Devices) Confirm(ctx context.Context, one *Device, code string) (*Device, error) {
	if !d.looked(one.ID) {
		return nil, ErrNoDevice
	}
	client, err := d.client(one)
	if err != nil {
		return nil, err
	}
	if one.Remote, err = client.Pair(ctx, plain(code)); err != nil {
		return nil, errors.Join(err, d.Forget(one.ID))
	}
	one.Paired = d.Now()
	raw, err := json.MarshalIndent(one, "", "  ")
	if err != nil {
		return nil, err
	}
	return one, keys.Replace(d.Dir, one.ID+".json", append(raw, '\n'))
}

// Forget deletes a key that is paired with nobody.
func (d *Devices) Forget(id string) error {
	if !d.looked(id) {
		return ErrNoDevice
	}
	return os.Remove(filepath.Join(d.Dir, id+".key.pem"))
}

// looked says whether a key is there that is not paired.
func (d *Devices) looked(id string) bool {
	if _, err := d.get(id); !errors.Is(err, ErrNoDevice) {
		return false
	}
	_, err := os.Stat(filepath.Join(d.Dir, id+".key.pem"))
	return deviceID.MatchString(id) && err == nil
}

func plain(code string) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(strings.ToUpper(code))
}

func (d *Devices) client(one *Device) (*app.Client, error) {
	key, err := keys.Signer(d.Dir, one.ID)
	if err != nil {
		return nil, err
	}
	return &app.Client{Base: one.Base, Key: key, HTTP: d.HTTP, Now: d.Now}, nil
}

// List gives the devices, the latest first.
func (d *Devices) List() ([]*Device, error) {
	entries, err := os.ReadDir(d.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("phone: %w", err)
	}
	var all []*Device
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || !deviceID.MatchString(id) {
			continue
		}
		one, err := d.get(id)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b *Device) int { return cmp.Or(b.Paired.Compare(a.Paired), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

func (d *Devices) get(id string) (*Device, error) {
	if !deviceID.MatchString(id) {
		return nil, ErrNoDevice
	}
	raw, err := os.ReadFile(filepath.Join(d.Dir, id+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoDevice
	}
	if err != nil {
		return nil, fmt.Errorf("phone: %w", err)
	}
	one := &Device{}
	if err := json.Unmarshal(raw, one); err != nil {
		return nil, fmt.Errorf("phone: %s.json: %w", id, err)
	}
	return one, nil
}

// Pending lists the logins that wait for an answer of the device.
func (d *Devices) Pending(ctx context.Context, one *Device) ([]app.PendingAttempt, error) {
	client, err := d.client(one)
	if err != nil {
		return nil, err
	}
	return client.Pending(ctx)
}

// Follow tells of the logins that wait for an answer of the device: now, and at each change, until ctx ends or MinID knows
// the device no more.
func (d *Devices) Follow(ctx context.Context, one *Device, take func([]app.PendingAttempt)) error {
	client, err := d.client(one)
	if err != nil {
		return err
	}
	return client.Stream(ctx, take)
}

// Approve answers the login that waits for the owner, on the device that they paired last.
func (d *Devices) Approve(ctx context.Context, owner, number string) error {
	all, err := d.List()
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.Owner == owner {
			_, err := d.Answer(ctx, one, "", Approve, number)
			return err
		}
	}
	return ErrNoDevice
}
