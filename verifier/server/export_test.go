package server

import "lommebok.example/verifier/presentation"

// Asking lets tests ask what no page of a demonstration service asks.
func (s *Server) Asking() *presentation.Service { return s.asking }
