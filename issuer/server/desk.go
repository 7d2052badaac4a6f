package server

import (
	"bytes"
	"fmt"

	"github.com/goccy/go-yaml"

	"lommebok.example/minid/login"
	"lommebok.example/web"
)

// ParseDesk reads where people are identified in person, and when, in YAML or JSON.
//
//	address: Storgata 1, 0155 Oslo
//	hours: {nb: mandag til fredag 9–15, nn: måndag til fredag 9–15, en: Monday to Friday 9–15}
func ParseDesk(raw []byte) (*login.DeskPlace, error) {
	var file struct {
		Address string            `yaml:"address"`
		Hours   map[string]string `yaml:"hours"`
	}
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&file); err != nil {
		return nil, fmt.Errorf("%w: service desk: %s", ErrConfig, yaml.FormatError(err, false, false))
	}
	if file.Address == "" || len(file.Hours) != len(web.Languages) {
		return nil, fmt.Errorf("%w: service desk: expected an address, and hours in %v", ErrConfig, web.Languages)
	}
	for _, lang := range web.Languages {
		if file.Hours[lang] == "" {
			return nil, fmt.Errorf("%w: service desk: the hours are not there in %s", ErrConfig, lang)
		}
	}
	return &login.DeskPlace{Address: file.Address, Hours: file.Hours}, nil
}
