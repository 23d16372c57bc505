package guide

var identities = []Choice{
	{string(DefaultChain), "the SDK's own chain: role of EC2, ECS, EKS; environment"},
	{string(SSMAgent), "an SSM hybrid activation"},
	{string(Profile), "a profile of a file that something rewrites"},
	{string(Process), "a program that prints them: IAM Roles Anywhere"},
	{string(WebIdentity), "a token of an OpenID Connect issuer"},
	{string(Container), "the role of an ECS task or an EKS pod, and nothing else"},
	{string(Instance), "the role of an EC2 instance, and nothing else"},
	{string(Static), "keys that never change, from the environment"},
}

func calling() []Question {
	with := func(i Identity) func(*Answers) bool { return func(a *Answers) bool { return a.Identity == i } }
	return []Question{
		{
			Flag: "credentials", Usage: "source of credentials: " + names(identities), Text: "Where credentials come from", Choices: identities,
			proposal: func(_ *Answers, f Found) string {
				if f.Hybrid {
					return string(SSMAgent)
				}
				return string(DefaultChain)
			},
			set: func(a *Answers, answer string) error { a.Identity = Identity(answer); return nil },
		},
		{
			Flag: "profile", Usage: "with profile: its name", Text: "Profile", applies: with(Profile), proposal: fixed("otelcol-cloudwatch"),
			set: func(a *Answers, answer string) error { return needed(&a.Profile, "a profile's name", answer) },
		},
		{
			Flag: "credentials-file", Usage: "with profile: the shared credentials file", Text: "Shared credentials file", applies: with(Profile),
			proposal: func(a *Answers, _ Found) string {
				if a.windows() {
					return "C:/ProgramData/otelcol-cloudwatch/credentials"
				}
				return "/etc/otelcol-cloudwatch/credentials"
			},
			set: func(a *Answers, answer string) error { return absolute(&a.CredentialsFile, a.OS, answer) },
		},
		{
			Flag: "process", Usage: "with process: the command that prints credentials", Text: "Command that prints credentials", applies: with(Process),
			set: func(a *Answers, answer string) error { return needed(&a.Process, "a command", answer) },
		},
		{
			Flag: "token-file", Usage: "with web_identity: the file with the token", Text: "File with the token", applies: with(WebIdentity),
			proposal: func(a *Answers, _ Found) string {
				if a.windows() {
					return "C:/var/run/secrets/tokens/aws"
				}
				return "/var/run/secrets/tokens/aws"
			},
			set: func(a *Answers, answer string) error { return absolute(&a.TokenFile, a.OS, answer) },
		},
		{
			Flag: "role-arn", Usage: "with web_identity: the role", Text: "Role that the token is exchanged for (arn:aws:iam::…)", applies: with(WebIdentity),
			set: func(a *Answers, answer string) error { return matching(&a.WebRoleARN, roleARN, answer) },
		},
		{
			Flag: "assume-role", Usage: "roles on top, each assumed with the one before, with commas between",
			Text:    "Roles to assume on top, with commas between (none: none)",
			applies: (*Answers).serves, proposal: fixed("none"),
			set: func(a *Answers, answer string) error { return roles(&a.AssumeRole, answer) },
		},
		{
			Flag: "external-id", Usage: "external id of the last of these roles", Text: "External id of the last of them (none: none)",
			applies: func(a *Answers) bool { return len(a.AssumeRole) > 0 }, proposal: fixed("none"),
			set: func(a *Answers, answer string) error { a.ExternalID = unlessNone(answer); return nil },
		},
	}
}
