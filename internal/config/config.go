// Package config reads settings that are files.
package config

import (
	"fmt"
	"os"
)

// File reads a setting that names a file; "" gives the zero value. The error begins with the name of the variable.
func File[T any](variable, file string, parse func([]byte) (T, error)) (value T, err error) {
	if file == "" {
		return value, nil
	}
	raw, err := os.ReadFile(file)
	if err == nil {
		value, err = parse(raw)
	}
	if err != nil {
		return value, fmt.Errorf("%s: %w", variable, err)
	}
	return value, nil
}
