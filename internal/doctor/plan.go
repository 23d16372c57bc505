package doctor

import (
	"cmp"
	"maps"
	"net/url"
	"runtime"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/groups"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statefolder"
)

// plan is what a configuration uses: components that no pipeline and no list of extensions names are
// left out.
type plan struct {
	components map[string]map[string]settings // used, by kind (extensions, receivers, …) and id

	clients []client
	tails   []tail
	stores  []store
}

// settings are those of one component.
type settings map[string]any

// client is one component that calls AWS.
type client struct {
	component  string // its id
	service    awsnames.Service
	region     string // empty: the process's
	endpoint   string // a URL that is called instead of the region's own
	role       string
	externalID string
	logGroup   string
	proxy      string // proxy_address
	wish       *groups.Wish
	// modified says that the component takes the table's way by itself.
	modified bool
}

// tail is one receiver of log files.
type tail struct {
	component        string
	include, exclude []string
	rules            safepath.Rules
}

// store is one extension that keeps state in a folder.
type store struct {
	component string
	folders   []string
	create    bool
	queue     uint64 // bytes that queues may keep there, 0 where no queue says
}

// newPlan reads a resolved configuration.
func newPlan(config map[string]any) *plan {
	p := &plan{components: map[string]map[string]settings{}}
	service := table(config, "service")
	p.use(config, "extensions", texts(service["extensions"]))
	pipelines := table(service, "pipelines")
	for _, name := range slices.Sorted(maps.Keys(pipelines)) {
		pipeline := table(pipelines, name)
		for _, kind := range []string{"receivers", "processors", "exporters"} {
			p.use(config, kind, texts(pipeline[kind]))
		}
	}
	p.findClients()
	p.findTails()
	p.findStores()
	return p
}

func (p *plan) use(config map[string]any, kind string, ids []string) {
	defined := table(config, kind)
	if p.components[kind] == nil {
		p.components[kind] = map[string]settings{}
	}
	for _, id := range ids {
		if _, ok := defined[id]; ok { // else it is a connector, or a mistake that the collector reports
			p.components[kind][id] = table(defined, id)
		}
	}
}

// ofType are the used components of one kind whose type is one of types, in the order of their ids.
func (p *plan) ofType(kind string, types ...string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(p.components[kind])) {
		if slices.Contains(types, typeOf(id)) {
			ids = append(ids, id)
		}
	}
	return ids
}

func typeOf(id string) string {
	name, _, _ := strings.Cut(id, "/")
	return strings.TrimSpace(name)
}

// exporters of AWS, and the service that each calls. awsemf writes metrics as log events.
var exporters = map[string]awsnames.Service{
	"awsemf": awsnames.Logs, "awscloudwatchlogs": awsnames.Logs, "awsxray": awsnames.XRay,
	"cloudwatch_logs": awsnames.Logs, "cloudwatch_emf": awsnames.Logs,
}

func (p *plan) findClients() {
	for _, id := range slices.Sorted(maps.Keys(p.components["exporters"])) {
		s := p.components["exporters"][id]
		if service, ok := exporters[typeOf(id)]; ok {
			p.clients = append(p.clients, client{
				component: id, service: service, modified: strings.HasPrefix(typeOf(id), "cloudwatch_"),
				region: text(s["region"]), endpoint: text(s["endpoint"]), role: text(s["role_arn"]),
				externalID: text(s["external_id"]), logGroup: text(s["log_group_name"]), proxy: text(s["proxy_address"]),
				wish: wish(id, s),
			})
			continue
		}
		p.findSigned(id, s)
	}
}

// findSigned finds exporters of other protocols that sign for a service that is known here.
func (p *plan) findSigned(id string, s settings) {
	authenticator := text(table(s, "auth")["authenticator"])
	if typeOf(authenticator) != "sigv4auth" {
		return
	}
	signer := p.components["extensions"][authenticator]
	role := table(signer, "assume_role")
	seen := map[awsnames.Service]bool{}
	for _, key := range []string{"endpoint", "logs_endpoint", "metrics_endpoint", "traces_endpoint"} {
		u, err := url.Parse(text(s[key]))
		if err != nil || u.Hostname() == "" {
			continue
		}
		service := awsnames.Service(cmp.Or(text(signer["service"]), strings.Split(u.Hostname(), ".")[0]))
		if !slices.Contains(awsnames.Services(), service) || seen[service] {
			continue
		}
		seen[service] = true
		p.clients = append(p.clients, client{
			component: id, service: service, region: text(signer["region"]), role: text(role["arn"]),
			externalID: text(role["external_id"]), proxy: text(s["proxy_url"]),
		})
	}
}

func (p *plan) findTails() {
	for _, id := range p.ofType("receivers", "file_log", "filelog", "file_tail") {
		s := p.components["receivers"][id]
		links := table(s, "follow_links")
		p.tails = append(p.tails, tail{
			component: id, include: texts(s["include"]), exclude: texts(s["exclude"]),
			rules: safepath.Rules{Owners: texts(links["owners"]), Into: texts(links["into"])},
		})
	}
}

func (p *plan) findStores() {
	for _, id := range p.ofType("extensions", "state_storage") {
		s := p.components["extensions"][id]
		create, given := s["create_directory"]
		p.stores = append(p.stores, store{component: id, create: !given || flag(create), queue: p.queued(id), folders: []string{cmp.Or(text(s["directory"]), statefolder.Default(runtime.GOOS))}})
	}
	for _, id := range p.ofType("extensions", "file_storage") {
		s := p.components["extensions"][id]
		of := store{component: id, create: flag(s["create_directory"]), queue: p.queued(id)}
		of.folders = []string{cmp.Or(text(s["directory"]), defaultStore())}
		compaction := table(s, "compaction")
		if flag(compaction["on_start"]) || flag(compaction["on_rebound"]) {
			if folder := cmp.Or(text(compaction["directory"]), defaultStore()); folder != of.folders[0] {
				of.folders = append(of.folders, folder)
			}
		}
		p.stores = append(p.stores, of)
	}
}

// queued is how much exporters may keep in a store, as far as they count in bytes.
func (p *plan) queued(id string) uint64 {
	var sum uint64
	for _, s := range p.components["exporters"] {
		queue := table(s, "sending_queue")
		if text(queue["storage"]) == id && text(queue["sizer"]) == "bytes" {
			sum += number(queue["queue_size"])
		}
	}
	return sum
}

// services are those that the configuration calls, in the order in which they are shown. STS is always
// one: it tells the account.
func (p *plan) services(sources []string) []awsnames.Service {
	used := map[awsnames.Service]bool{awsnames.STS: true}
	for _, c := range p.clients {
		used[c.service] = true
	}
	for _, id := range p.ofType("extensions", "awsproxy") {
		used[awsnames.XRay] = id != ""
	}
	for _, source := range sources {
		scheme, _, _ := strings.Cut(source, ":")
		if s := awsnames.Service(scheme); slices.Contains([]awsnames.Service{awsnames.SSM, awsnames.S3, awsnames.SecretsManager}, s) {
			used[s] = true
		}
	}
	return slices.DeleteFunc(awsnames.Services(), func(s awsnames.Service) bool { return !used[s] })
}
