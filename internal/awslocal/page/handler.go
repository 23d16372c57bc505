package page

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
)

//go:embed page.html
var source string

var page = template.Must(template.New("page").Parse(source))

// refreshSeconds is how often the page loads itself anew where that is switched on; maxRefresh is what
// a URL may ask for.
const (
	refreshSeconds = 5
	maxRefresh     = 3600
)

// contentPolicy lets the page load nothing but its own style, so that nothing in a log message can
// become more than text.
const contentPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves data as a page at / and as JSON at /_status. It answers GET and HEAD. With
// /?refresh=SECONDS the page loads itself anew.
func Handler(data func() Data) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		if err := page.Execute(&body, newView(data(), refresh(r))); err != nil {
			http.Error(w, fmt.Sprintf("the page cannot be written: %v", err), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Security-Policy", contentPolicy)
		w.Header().Set("Referrer-Policy", "no-referrer")
		// Once for all that the data may hold; the template itself has none of these characters.
		write(w, "text/html; charset=utf-8", bytes.Map(visible, body.Bytes()))
	})
	mux.HandleFunc("GET /_status", func(w http.ResponseWriter, _ *http.Request) {
		var body bytes.Buffer
		encoder := json.NewEncoder(&body)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(data()); err != nil {
			http.Error(w, fmt.Sprintf("the status cannot be written: %v", err), http.StatusInternalServerError)
			return
		}
		write(w, "application/json", body.Bytes())
	})
	return mux
}

func write(w http.ResponseWriter, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the client may have gone away
}

// refresh is the wanted interval in seconds, or 0 for none.
func refresh(r *http.Request) int {
	seconds, err := strconv.Atoi(r.URL.Query().Get("refresh"))
	if err != nil || seconds < 1 || seconds > maxRefresh {
		return 0
	}
	return seconds
}
