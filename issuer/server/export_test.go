package server

import "lommebok.example/minid"

// Core lets the tests ask the authentication core.
func (s *Server) Core() *minid.Core { return s.core }
