package awslocal

import (
	"encoding/json"
	"net/http"
)

// controlHandler is the control API: what a test, or a person with curl, may do to the server.
//
//	GET, POST, DELETE /_control/faults[/ID]     faults on demand; see package faults
//	POST              /_control/sessions/expire every session token expires now
//	PUT, DELETE       /_control/metadata/ec2    the instance metadata service, on and off
//	PUT, DELETE       /_control/metadata/ecs    the task metadata and credentials endpoints, on and off
//	GET               /_control/ca.pem          the certificate to trust, where there is a TLS listener
//
// It needs no signature: who reaches the listener owns the server. Requests that carry an Origin
// header are refused, so that a page in a browser on the same machine is not among them.
func (s *Server) controlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_control/faults", s.Faults.Handler())
	mux.Handle("/_control/faults/", s.Faults.Handler())
	mux.HandleFunc("POST /_control/sessions/expire", func(w http.ResponseWriter, _ *http.Request) {
		expired := s.Keys.ExpireSessions(s.options.Now())
		s.Metadata.Rotate() // the metadata endpoints hand out new ones
		writeJSON(w, http.StatusOK, map[string]int{"expired": expired})
	})
	for name, set := range map[string]func(bool){"ec2": s.Metadata.SetEC2, "ecs": s.Metadata.SetECS} {
		for method, on := range map[string]bool{http.MethodPut: true, http.MethodDelete: false} {
			mux.HandleFunc(method+" /_control/metadata/"+name, func(w http.ResponseWriter, _ *http.Request) {
				set(on)
				w.WriteHeader(http.StatusNoContent)
			})
		}
	}
	mux.HandleFunc("GET /_control/ca.pem", func(w http.ResponseWriter, _ *http.Request) {
		if s.Authority == nil {
			writeJSON(w, http.StatusNotFound, map[string]string{"error": "there is no TLS listener; start with --listen-tls HOST:PORT"})
			return
		}
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(s.Authority.PEM())
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" {
			writeJSON(w, http.StatusForbidden, map[string]string{"error": "the control API does not serve web pages (Origin " + origin + ")"})
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone away
}
