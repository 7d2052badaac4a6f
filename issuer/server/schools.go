package server

import (
	"lommebok.example/minid/login"
	"lommebok.example/minid/school"
	"lommebok.example/minid/school/pages"
)

// schoolPages are MinID in schools: with the schools that are configured, else with test people the synthetic ones, else none.
func schoolPages(cfg Config, g *ground, loginPages *login.Pages) (*pages.Pages, error) {
	schools := cfg.Schools
	if schools == nil {
		schools = &school.File{}
	}
	if cfg.Schools == nil && cfg.InsecureTestPeople {
		var err error
		if schools, err = school.BuiltIn(); err != nil {
			return nil, err
		}
	}
	core := &school.Core{MinID: g.core, Store: g.minidStore, Registry: schools}
	return &pages.Pages{Core: core, Site: g.site, Login: loginPages, Base: cfg.URL}, nil
}
