package hostfacts

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A network for guests answers everything with a page to log in at, at the address of the metadata service, too.
func TestALoginPageIsNoFact(t *testing.T) {
	page := "<html><title>Welcome to the guest network</title>" + strings.Repeat("Please log in. ", 60) + "</html>"
	for name, answer := range map[string]http.HandlerFunc{
		"a page for everything": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, page) },
		"a page with a lifetime": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
			fmt.Fprint(w, page)
		},
		"a page for who only reads": func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				w.WriteHeader(http.StatusMethodNotAllowed)
			}
			fmt.Fprint(w, page)
		},
		"a redirect to the page": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/login" {
				http.Redirect(w, r, "/login", http.StatusFound)
				return
			}
			fmt.Fprint(w, page)
		},
		"switched off": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"not there":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
	} {
		t.Run(name, func(t *testing.T) {
			bare(t)
			s := httptest.NewServer(answer)
			defer s.Close()
			t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
			t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", s.URL)
			known(t, finder(t), map[string]string{"instance_id": "", "region": "", "availability_zone": "", "account_id": "", "instance_type": "", "image_id": ""})
		})
	}
}
