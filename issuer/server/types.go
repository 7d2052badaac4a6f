package server

import (
	"time"

	"lommebok.example/issuer/credentials"
	"lommebok.example/minid"
)

// What an offer of several types is, taken together.

func idsOf(types []*credentials.Type) []string {
	ids := make([]string, len(types))
	for i, t := range types {
		ids[i] = t.ID
	}
	return ids
}

func namesOf(types []*credentials.Type, lang string) []string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Display.Name.In(lang)
	}
	return names
}

func levelOf(types []*credentials.Type) (level minid.Level) {
	for _, t := range types {
		level = max(level, t.Level)
	}
	return level
}

func youngest(types []*credentials.Type) time.Duration {
	age := types[0].MaxAuthAge
	for _, t := range types {
		age = min(age, t.MaxAuthAge)
	}
	return age
}

func preAuthorizable(types []*credentials.Type) bool {
	for _, t := range types {
		if !t.PreAuthorized() {
			return false
		}
	}
	return true
}

func demandsTxCode(types []*credentials.Type) bool {
	for _, t := range types {
		if t.TxCode {
			return true
		}
	}
	return false
}
