package guide

import "go.yaml.in/yaml/v3"

// editCredentials puts files, commands and roles into the recipe of an identity.
func (a *Answers) editCredentials(d *document) {
	old := d.paragraphs()
	d.heading(append([]string{old[0], written}, old[1:]...)...)
	d.replace("A layer over one of routes/*.yaml.", "A layer over "+RouteFile+".")
	at := func(keys ...string) []string { return append([]string{"extensions", routing, "credentials"}, keys...) }
	switch a.Identity {
	case SSMAgent:
		if a.OS != "linux" { // elsewhere the agent writes to one place, which is the default
			d.cut(at("shared_credentials_file")...)
		}
	case Profile:
		d.set(a.Profile, at("profile")...)
		d.set([]string{a.CredentialsFile}, at("shared_credentials_file")...)
	case Process:
		d.set(a.Process, at("process")...)
	case WebIdentity:
		d.set(a.TokenFile, at("web_identity", "token_file")...)
		d.set(a.WebRoleARN, at("web_identity", "role_arn")...)
	}
	if len(a.AssumeRole) > 0 {
		roles := &yaml.Node{Kind: yaml.SequenceNode}
		for i, arn := range a.AssumeRole {
			external := ""
			if i == len(a.AssumeRole)-1 {
				external = a.ExternalID
			}
			roles.Content = append(roles.Content, pairs("role_arn", arn, "external_id", external))
		}
		d.add(roles, at("assume_role")...)
	}
	if a.windows() {
		d.replace("/run/otelcol-cloudwatch/token", a.tokenFile())
		d.replace("/dev/null", a.nothing())
	}
}
