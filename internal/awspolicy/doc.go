// Package awspolicy says which IAM permissions a configuration needs, and writes them as policies.
//
//	configuration ─▶ Needs: components and their keys (components.go) ─▶ features with values ─┐
//	--feature ─────────────────────────────────────────────────────────▶ features, defaults ───┴▶ Document
//
// features.go has the one table of what calls what: a feature is a list of grants, a grant is actions on
// resources with the reason for them. Resources have places such as {REGION} and {LOG_GROUP}; what no
// configuration and nobody says is the feature's default, and * for region and account.
//
// Placeholders that are resolved on each host (${host:…}, ${ssm:…}, and those of names of groups and streams)
// become *, so that one policy fits a fleet. What the environment says is taken from this process's.
//
// Who calls is a part of it: where roles are assumed, each has a policy of its own, and the one before it
// needs sts:AssumeRole alone.
package awspolicy
