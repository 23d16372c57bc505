package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxRuleBytes bounds the body of a POST.
const maxRuleBytes = 64 << 10

// Handler is the control API:
//
//	GET    /_control/faults       every rule with what it did
//	POST   /_control/faults       add a rule; answers 201 with it
//	DELETE /_control/faults       end all rules
//	DELETE /_control/faults/{id}  end one
//
// Errors are {"error": "…"} with status 400, 404 or 405.
func (s *Set) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_control/faults", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, s.List())
	})
	mux.HandleFunc("POST /_control/faults", func(w http.ResponseWriter, r *http.Request) {
		rule, err := decodeRule(io.LimitReader(r.Body, maxRuleBytes))
		if err == nil {
			rule, err = s.Add(rule)
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
		answer(w, http.StatusCreated, rule)
	})
	mux.HandleFunc("DELETE /_control/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.Clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE /_control/faults/{id}", func(w http.ResponseWriter, r *http.Request) {
		if !s.Remove(r.PathValue("id")) {
			refuse(w, http.StatusNotFound, fmt.Errorf("there is no fault %q; GET /_control/faults lists them", r.PathValue("id")))
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	// What is left is a wrong method or path; the mux alone would say so in plain text.
	wrongMethod := func(allowed string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", allowed)
			refuse(w, http.StatusMethodNotAllowed, fmt.Errorf("method %q is not allowed here; use one of %s", r.Method, allowed))
		}
	}
	mux.HandleFunc("/_control/faults", wrongMethod("GET, HEAD, POST, DELETE"))
	mux.HandleFunc("/_control/faults/{id}", wrongMethod("DELETE"))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, fmt.Errorf("%q is not a path of the control API; use /_control/faults or /_control/faults/ID", r.URL.Path))
	})
	return mux
}

func decodeRule(r io.Reader) (Rule, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	var rule Rule
	if err := decoder.Decode(&rule); err != nil {
		return Rule{}, fmt.Errorf("not a fault: %w", err)
	}
	if decoder.More() {
		return Rule{}, errors.New("not a fault: more than one JSON value")
	}
	return rule, nil
}

func refuse(w http.ResponseWriter, status int, err error) {
	answer(w, status, map[string]string{"error": err.Error()})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone away
}
