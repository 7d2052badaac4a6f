package provider

import (
	"log/slog"
	"net/http"
	"time"

	"lommebok.example/specs/statuslist"
)

const (
	unitsPath = "/status/units"
	keysPath  = "/status/keys"
	// keysIndex stands for the one kind of key storage that the simulator has.
	keysIndex = 0

	// ttl is short, so that a tester sees a revocation at once.
	ttl      = time.Second
	listLife = time.Hour
)

// Handler serves the status lists, below the path of URL.
func (p *Provider) Handler(log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+unitsPath, func(w http.ResponseWriter, _ *http.Request) {
		invalid, err := p.invalid()
		p.serve(w, unitsPath, invalid, err, log)
	})
	mux.HandleFunc("GET "+keysPath, func(w http.ResponseWriter, _ *http.Request) { p.serve(w, keysPath, nil, nil, log) })
	return mux
}

func (p *Provider) serve(w http.ResponseWriter, path string, invalid []uint64, err error, log *slog.Logger) {
	var jwt string
	if err == nil {
		jwt, err = p.list(path, invalid)
	}
	if err != nil {
		log.Error("status list of the wallet provider", "cause", err)
		http.Error(w, "the status list cannot be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", statuslist.MediaTypeJWT)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(jwt)) // a client that went away is not told
}

func (p *Provider) list(path string, invalid []uint64) (string, error) {
	list := statuslist.New(1, listSize)
	for _, i := range invalid {
		if err := list.Set(i, statuslist.Invalid); err != nil {
			return "", err
		}
	}
	now := p.Now()
	return statuslist.SignJWT(p.key, p.chain, list, p.URL+path, now, now.Add(listLife), ttl)
}
