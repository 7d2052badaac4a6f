package server

import (
	"bytes"
	"fmt"

	"github.com/goccy/go-yaml"

	"lommebok.example/minid"
)

// ParseLevels reads what proofing and factors are worth, in YAML or JSON. Every basis is named; a session's level is the
// lower of the two axes. A table that gives more than CIR (EU) 2015/1502 allows is refused, see minid.LevelTable.Check.
//
//	proofing: {letter: substantial, school: substantial, passport: substantial, in_person: high}
//	authentication:
//	  - {factors: [password], level: low}
//	  - {factors: [password, totp], level: substantial}
//	  - {factors: [password, recovery], level: substantial}
//	  - {factors: [password, app], level: high}
func ParseLevels(raw []byte) (minid.LevelTable, error) {
	var file struct {
		Proofing       map[minid.Basis]minid.Level `yaml:"proofing"`
		Authentication []struct {
			Factors []minid.Factor `yaml:"factors"`
			Level   minid.Level    `yaml:"level"`
		} `yaml:"authentication"`
	}
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&file); err != nil {
		return minid.LevelTable{}, fmt.Errorf("%w: levels: %s", ErrConfig, yaml.FormatError(err, false, false))
	}
	table := minid.LevelTable{Proofing: file.Proofing}
	for _, rule := range file.Authentication {
		table.Authentication = append(table.Authentication, minid.AuthRule{Factors: rule.Factors, Level: rule.Level})
	}
	if err := table.Check(); err != nil {
		return minid.LevelTable{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return table, nil
}

// checkLevels holds a table that was given to the rules, however it was made.
func (cfg Config) checkLevels() error {
	if cfg.Levels.Proofing == nil && cfg.Levels.Authentication == nil {
		return nil
	}
	if err := cfg.Levels.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return nil
}
