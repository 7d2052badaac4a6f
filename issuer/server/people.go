package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"lommebok.example/internal/keys"
	"lommebok.example/minid"
	"lommebok.example/minid/testpeople"
)

// testPeopleFile holds what the test people sign in with, readable for the user of the service alone.
const testPeopleFile = "test-people.json"

// seedTestPeople makes the accounts that are missing and adds their credentials to the file; those of people who were
// there already cannot be had again.
func seedTestPeople(ctx context.Context, core *minid.Core, dir string) error {
	kept, err := readTestPeople(dir)
	if err != nil {
		return err
	}
	made, err := testpeople.Seed(ctx, core, core.Store)
	if err != nil {
		return err
	}
	if len(made) == 0 {
		return nil
	}
	for _, p := range made {
		kept = slices.DeleteFunc(kept, func(old testpeople.Credentials) bool { return old.PID == p.PID })
	}
	text, err := json.MarshalIndent(append(kept, made...), "", "  ")
	if err != nil {
		return err
	}
	return keys.Replace(dir, testPeopleFile, append(text, '\n'))
}

func readTestPeople(dir string) ([]testpeople.Credentials, error) {
	raw, err := os.ReadFile(filepath.Join(dir, testPeopleFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var people []testpeople.Credentials
	if err := json.Unmarshal(raw, &people); err != nil {
		return nil, fmt.Errorf("%s: %w", testPeopleFile, err)
	}
	return people, nil
}
