// Package writer is the program whose logs are collected: it is told by HTTP what to write, and says what it wrote.
package writer

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Line is line n of a writer, without its end. Each fiftieth is longer than the 16 KiB that the runtime keeps in one piece,
// each tenth goes on in two lines that do not begin with a time.
func Line(n int) string {
	text := fmt.Sprintf("2026-01-02 03:04:05 line %08d ", n)
	switch {
	case n%50 == 0:
		return text + strings.Repeat("a long line ", 3000+n%1000)
	case n%10 == 0:
		return text + "failed\n\tat first\n\tat second"
	default:
		return text + strings.Repeat("x", 100)
	}
}

// Serve serves at the address:
//
//	POST /start?pause=DURATION  numbered lines from where they stopped, with this pause between two
//	POST /stop                  answers how many were written since the start of the program
//	POST /print?stream=stderr   the body, as it is
//	POST /exit
func Serve(address string) error {
	var (
		out     sync.Mutex // a line is written whole
		written int
		stop    chan struct{}
		stopped chan struct{}
		control sync.Mutex
	)
	halt := func() {
		if stop != nil {
			close(stop)
			<-stopped
			stop = nil
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /start", func(w http.ResponseWriter, r *http.Request) {
		pause, err := time.ParseDuration(r.URL.Query().Get("pause"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		control.Lock()
		defer control.Unlock()
		halt()
		stop, stopped = make(chan struct{}), make(chan struct{})
		go func(stop, stopped chan struct{}) {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				case <-time.After(pause):
					written++
					out.Lock()
					_, _ = os.Stdout.WriteString(Line(written) + "\n")
					out.Unlock()
				}
			}
		}(stop, stopped)
	})
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, _ *http.Request) {
		control.Lock()
		defer control.Unlock()
		halt()
		_, _ = io.WriteString(w, strconv.Itoa(written))
	})
	mux.HandleFunc("POST /print", func(w http.ResponseWriter, r *http.Request) {
		var text bytes.Buffer
		_, _ = text.ReadFrom(r.Body)
		stream := os.Stdout
		if r.URL.Query().Get("stream") == "stderr" {
			stream = os.Stderr
		}
		out.Lock()
		defer out.Unlock()
		_, _ = stream.Write(text.Bytes())
	})
	mux.HandleFunc("POST /exit", func(http.ResponseWriter, *http.Request) {
		go os.Exit(0)
	})
	return http.ListenAndServe(address, mux)
}
