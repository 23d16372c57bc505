package guide

import (
	"fmt"
	"strings"
)

// Variables are what the collector needs in its environment with these answers, as NAME=value.
func (a *Answers) Variables() []string {
	var v []string
	if a.serves() {
		v = append(v, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:4442/v1/credentials",
			"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="+a.tokenFile(), "AWS_SHARED_CREDENTIALS_FILE="+a.nothing())
	}
	return v
}

// Secrets are variables that these answers leave to the collector's environment, as their values do not
// belong into a file.
func (a *Answers) Secrets() []string {
	var v []string
	if a.uses(HTTPProxy) {
		v = append(v, "PROXY_USERNAME", "PROXY_PASSWORD")
	}
	if a.Identity == Static {
		v = append(v, "OTELCOL_CLOUDWATCH_ACCESS_KEY_ID", "OTELCOL_CLOUDWATCH_SECRET_ACCESS_KEY")
	}
	return v
}

// Next says how the collector is started with these answers. uri is its --config.
func (a *Answers) Next(uri string) string {
	var b strings.Builder
	set, join, program := "", " \\\n  ", "otelcol-cloudwatch"
	if a.windows() {
		set, join, program = "$env:", "\n  ", "otelcol-cloudwatch.exe"
	}
	b.WriteString("Start the collector with:\n\n  ")
	variables := a.Variables()
	if strings.HasPrefix(uri, "ssm:") {
		// The route table is needed before the configuration is there that holds it.
		variables = append(variables, "OTELCOL_CLOUDWATCH_ROUTES="+a.routesPath())
	}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		if a.windows() {
			value = " \"" + value + "\""
			name += " "
		}
		b.WriteString(set + name + "=" + value + join)
	}
	fmt.Fprintf(&b, "%s --config %s\n", program, quoted(uri))
	if s := a.Secrets(); len(s) > 0 {
		fmt.Fprintf(&b, "\nIts environment must hold %s, too.\n", strings.Join(s, " and "))
	}
	if strings.HasPrefix(uri, "ssm:") {
		fmt.Fprintf(&b, "\nEach host needs the route table before it can fetch the rest:\n\n  %s config pull %s -o %s\n",
			program, strings.TrimSuffix(uri, "/")+"/"+strings.TrimSuffix(RouteFile, ".yaml"), a.routesPath())
	}
	return b.String()
}

// routesPath is where a host has its route table.
func (a *Answers) routesPath() string {
	if a.windows() {
		return "C:/ProgramData/otelcol-cloudwatch/routes.yaml"
	}
	return "/etc/otelcol-cloudwatch/routes.yaml"
}

// quoted is a word for a shell.
func quoted(s string) string {
	if strings.ContainsAny(s, " ()&;'`$|<>*?") {
		return `"` + s + `"`
	}
	return s
}
