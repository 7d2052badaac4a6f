package server

import (
	"lommebok.example/verifier/api"
	"lommebok.example/verifier/presentation"
)

// Asking lets tests ask what no page of a demonstration service asks.
func (s *Server) Asking() *presentation.Service { return s.asking }

// SetTimes lets tests wait less.
func (s *Server) SetTimes(t api.Times) { s.api.Times = t }
